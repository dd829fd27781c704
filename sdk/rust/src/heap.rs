//! The guest's memory: blocks of fixed sizes, four to each doubling, with a list
//! of free ones for each size. A block that lies last grows in place.

use core::ptr;

/// Where a heap gets its memory.
pub(crate) trait Memory {
    /// The address from which the heap may use memory.
    fn start(&self) -> usize;
    /// Makes sure that there is memory up to `end`.
    fn grow(&mut self, end: usize) -> bool;
}

const ALIGN: usize = 16;
const SIZES: usize = 4 + 4 * 25; // the largest has 2 GiB

pub(crate) struct Heap<M> {
    memory: M,
    end: usize, // of the last block; 0 before the first
    free: [*mut u8; SIZES],
}

impl<M: Memory> Heap<M> {
    pub(crate) const fn new(memory: M) -> Self {
        Heap { memory, end: 0, free: [ptr::null_mut(); SIZES] }
    }

    /// A block of `size` bytes; null when memory is out. Blocks that must be
    /// aligned to more than 16 bytes are not used again.
    pub(crate) unsafe fn take(&mut self, size: usize, align: usize) -> *mut u8 {
        if align > ALIGN {
            return self.carve(size.saturating_add(align), align);
        }
        let class = match class(size) {
            Some(class) => class,
            None => return ptr::null_mut(),
        };
        let block = self.free[class];
        if block.is_null() {
            return self.carve(room(class), ALIGN);
        }
        self.free[class] = *block.cast::<*mut u8>();
        block
    }

    /// Takes a block back.
    pub(crate) unsafe fn give(&mut self, block: *mut u8, size: usize, align: usize) {
        if let (Some(class), true) = (class(size), align <= ALIGN) {
            *block.cast::<*mut u8>() = self.free[class];
            self.free[class] = block;
        }
    }

    /// Has a block hold another number of bytes; null when memory is out.
    pub(crate) unsafe fn resize(&mut self, block: *mut u8, size: usize, align: usize, new: usize) -> *mut u8 {
        if let (Some(old_class), Some(new_class), true) = (class(size), class(new), align <= ALIGN) {
            let last = block as usize + room(old_class) == self.end;
            if old_class == new_class || last && self.extend(block as usize, room(new_class)) {
                return block;
            }
        }
        let moved = self.take(new, align);
        if !moved.is_null() {
            ptr::copy_nonoverlapping(block, moved, size.min(new));
            self.give(block, size, align);
        }
        moved
    }

    /// Moves the end of the last block.
    fn extend(&mut self, block: usize, room: usize) -> bool {
        match block.checked_add(room) {
            Some(end) if end <= self.end || self.memory.grow(end) => {
                self.end = end;
                true
            }
            _ => false,
        }
    }

    fn carve(&mut self, size: usize, align: usize) -> *mut u8 {
        if self.end == 0 {
            self.end = self.memory.start();
        }
        let at = self.end.checked_add(align - 1).map(|end| end & !(align - 1));
        match at {
            Some(at) if self.extend(at, (size + ALIGN - 1) & !(ALIGN - 1)) => at as *mut u8,
            _ => ptr::null_mut(),
        }
    }
}

/// The smallest class with room for `size` bytes; None if none has.
fn class(size: usize) -> Option<usize> {
    if size <= 64 {
        return Some(size.saturating_sub(1) / 16);
    }
    let doubling = (usize::BITS - 1 - (size - 1).leading_zeros()) as usize; // 2^doubling < size
    let quarter = ((size - 1) >> (doubling - 2)) & 3;
    let class = 4 * (doubling - 5) + quarter;
    (class < SIZES).then_some(class)
}

/// The bytes of a block of a class.
fn room(class: usize) -> usize {
    match class {
        0..=3 => 16 * (class + 1),
        _ => (5 + class % 4) << (class / 4 + 3),
    }
}

#[cfg(target_arch = "wasm32")]
mod global {
    use super::{Heap, Memory};
    use core::alloc::{GlobalAlloc, Layout};
    use core::arch::wasm32::{memory_grow, memory_size};
    use core::cell::UnsafeCell;
    use core::ptr::addr_of;

    extern "C" {
        static __heap_base: [u8; 0]; // the linker's: where memory is nobody's
    }

    const PAGE: usize = 1 << 16;

    struct Linear;

    impl Memory for Linear {
        fn start(&self) -> usize {
            #[allow(unused_unsafe)] // before Rust 1.82 it is not
            unsafe {
                addr_of!(__heap_base) as usize
            }
        }

        fn grow(&mut self, end: usize) -> bool {
            let have = memory_size(0) * PAGE;
            end <= have || memory_grow(0, (end - have + PAGE - 1) / PAGE) != usize::MAX
        }
    }

    /// WebAssembly has one thread here.
    struct Allocator(UnsafeCell<Heap<Linear>>);

    unsafe impl Sync for Allocator {}

    unsafe impl GlobalAlloc for Allocator {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            (*self.0.get()).take(layout.size(), layout.align())
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            (*self.0.get()).give(block, layout.size(), layout.align())
        }

        unsafe fn realloc(&self, block: *mut u8, layout: Layout, new: usize) -> *mut u8 {
            (*self.0.get()).resize(block, layout.size(), layout.align(), new)
        }
    }

    #[global_allocator]
    static ALLOCATOR: Allocator = Allocator(UnsafeCell::new(Heap::new(Linear)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    struct Arena {
        memory: Vec<u128>,
    }

    impl Memory for Arena {
        fn start(&self) -> usize {
            self.memory.as_ptr() as usize
        }
        fn grow(&mut self, end: usize) -> bool {
            end <= self.start() + 16 * self.memory.len()
        }
    }

    fn heap(bytes: usize) -> Heap<Arena> {
        Heap::new(Arena { memory: std::vec![0; bytes / 16] })
    }

    #[test]
    fn classes_have_room_and_waste_a_fifth() {
        for size in (1..5000).chain((12..31).flat_map(|n| [(1 << n) - 1, 1 << n, (1 << n) + 1])) {
            let class = class(size).unwrap();
            assert!(room(class) >= size, "{} bytes in {}", size, room(class));
            assert!(size <= 64 || room(class) < size + size / 4 + 16, "{} bytes in {}", size, room(class));
            assert_eq!(room(class) % ALIGN, 0);
        }
        assert_eq!(class(usize::MAX), None);
    }

    /// Blocks of all sizes come, grow and go at random; none may write into
    /// another, and what is given back is used again.
    #[test]
    fn blocks_do_not_overlap() {
        let mut heap = heap(64 << 20);
        let (mut blocks, mut seed): (Vec<(*mut u8, usize, u8)>, u64) = (Vec::new(), 1);
        for round in 0..100_000u32 {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let random = (seed >> 33) as usize;
            let (size, mark) = (random % (1 << (4 + random / 7 % 10)) + 1, round as u8);
            unsafe {
                if blocks.len() < 300 {
                    let block = heap.take(size, 8);
                    assert!(!block.is_null() && block as usize % ALIGN == 0);
                    block.write_bytes(mark, size);
                    blocks.push((block, size, mark));
                    continue;
                }
                let (block, old, was) = blocks.swap_remove(random % 300);
                assert!((0..old).all(|i| *block.add(i) == was), "round {}", round);
                if random & 1 == 0 {
                    heap.give(block, old, 8);
                    continue;
                }
                let block = heap.resize(block, old, 8, size);
                assert!((0..old.min(size)).all(|i| *block.add(i) == was), "round {}", round);
                block.write_bytes(mark, size);
                blocks.push((block, size, mark));
            }
        }
        let used = heap.end - heap.memory.start();
        assert!(used < 16 << 20, "{} bytes for 300 blocks", used);
    }

    #[test]
    fn memory_ends() {
        let mut heap = heap(1 << 16);
        unsafe {
            assert!(heap.take(1 << 20, 8).is_null());
            assert!(heap.take(usize::MAX, 8).is_null());
            assert!(heap.take(100, 4096) as usize % 4096 == 0);
            let last = heap.take(1000, 8);
            assert_eq!(heap.resize(last, 1000, 8, 20_000), last, "the last block grows in place");
            assert!(heap.resize(last, 20_000, 8, 1 << 20).is_null());
        }
    }
}
