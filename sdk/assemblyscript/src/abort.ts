import { logLine } from "./host";

const room: u32 = 2048;

/**
 * Stands in for AssemblyScript's abort: writes the message and its place in the
 * source to the log, and traps. It allocates nothing, and needs no variable of this
 * module: memory may be what is out, or the module not initialized yet.
 */
export function abort(message: string | null, file: string | null, row: u32, column: u32): void {
  const line = memory.data(2048);
  let end = add(line, 0, message ? message : "aborted");
  end = add(line, end, " at ");
  end = add(line, end, file ? file : "?");
  end = addNumber(line, end, row);
  end = addNumber(line, end, column);
  logLine(3, line, end);
  unreachable();
}

/** Adds a text, and returns where it ends; what is not ASCII becomes a question
 * mark. */
function add(line: usize, end: u32, text: string): u32 {
  for (let i = 0; i < text.length && end < room; i++) {
    const c = load<u16>(changetype<usize>(text) + (<usize>i << 1));
    store<u8>(line + end++, c < 0x20 ? 0x20 : c < 0x80 ? <u8>c : 0x3f);
  }
  return end;
}

/** Adds a colon and a number, and returns where it ends. */
function addNumber(line: usize, end: u32, value: u32): u32 {
  let digits: u32 = 1;
  for (let rest = value; rest >= 10; rest /= 10) digits++;
  if (end + digits + 1 > room) return end;
  store<u8>(line + end, 0x3a);
  for (let i = digits; i > 0; i--, value /= 10) store<u8>(line + end + i, <u8>(0x30 + (value % 10)));
  return end + digits + 1;
}
