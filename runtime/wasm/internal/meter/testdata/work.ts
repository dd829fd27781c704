// Work for a test in AssemblyScript: maps, strings, classes, its own collector.
class Node {
  left: Node | null = null;
  right: Node | null = null;
  constructor(public key: i32) {}
  insert(key: i32): void {
    if (key < this.key) {
      const left = this.left;
      if (left) left.insert(key);
      else this.left = new Node(key);
    } else {
      const right = this.right;
      if (right) right.insert(key);
      else this.right = new Node(key);
    }
  }
  sum(depth: i32): i64 {
    let s: i64 = this.key * depth;
    const left = this.left, right = this.right;
    if (left) s += left.sum(depth + 1);
    if (right) s += right.sum(depth + 1);
    return s;
  }
}

export function work(n: u32): u64 {
  const counts = new Map<string, i32>();
  let x: u32 = 12345;
  const root = new Node(1 << 30);
  for (let i: u32 = 0; i < n * 200; i++) {
    x = x * 1103515245 + 12345;
    const key = "key" + (x % 97).toString();
    counts.set(key, (counts.has(key) ? counts.get(key) : 0) + 1);
    root.insert(x >>> 1);
  }
  let sum: u64 = <u64>root.sum(1);
  const keys = counts.keys().sort();
  for (let i = 0; i < keys.length; i++) sum = sum * 31 + counts.get(keys[i]) + keys[i].charCodeAt(keys[i].length - 1);
  return sum;
}

export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  unreachable();
}
