//! Work for a test in Rust: maps, strings, trait objects, a panic that is far away.
use std::collections::{BTreeMap, HashMap};

trait Shape {
    fn area(&self) -> f64;
}
struct Square(f64);
struct Circle(f64);
impl Shape for Square {
    fn area(&self) -> f64 { self.0 * self.0 }
}
impl Shape for Circle {
    fn area(&self) -> f64 { self.0 * self.0 * std::f64::consts::PI }
}

#[no_mangle]
pub extern "C" fn work(n: u32) -> u64 {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut seen: HashMap<u64, Vec<u8>> = HashMap::new();
    let mut shapes: Vec<Box<dyn Shape>> = Vec::new();
    let mut x = 88172645463325252u64;
    for i in 0..n * 1000 {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        *counts.entry(format!("key-{:03}", x % 257)).or_default() += x % 1000;
        seen.entry(x % 511).or_default().push(i as u8);
        if i % 3 == 0 {
            shapes.push(Box::new(Square((x % 100) as f64)));
        } else {
            shapes.push(Box::new(Circle((x % 100) as f64)));
        }
    }
    let mut sizes: Vec<(u64, usize)> = seen.iter().map(|(k, v)| (*k, v.len())).collect();
    sizes.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let area: f64 = shapes.iter().map(|s| s.area()).sum();
    let text: String = counts.iter().map(|(k, v)| format!("{k}={v};")).collect();
    let sum = text.bytes().fold(0u64, |h, b| h.wrapping_mul(31).wrapping_add(b as u64));
    sizes.iter().fold(sum, |h, s| h.wrapping_mul(17).wrapping_add(s.0 + s.1 as u64)).wrapping_add(area as u64)
}
