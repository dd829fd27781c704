//! A guest of the comparison with native code: a resident projection that counts
//! events by aggregate in a hash table, reading the batch frame in place. It is
//! table.c in Rust, without its standard library.
#![no_std]

use core::arch::wasm32::{memory_grow, memory_size};
use core::ptr::{addr_of, addr_of_mut};

#[link(wasm_import_module = "refold")]
extern "C" {
    fn begin_event(index: u32);
}

extern "C" {
    static __heap_base: u8;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}

const SLOTS: usize = 1 << 15;

#[derive(Clone, Copy)]
#[repr(C)]
struct Tally {
    id: [u64; 2],
    count: u64,
    version: u64,
    bytes: u64,
}

static mut TABLE: [Tally; SLOTS] = [Tally { id: [0; 2], count: 0, version: 0, bytes: 0 }; SLOTS];
static RESULT: [u32; 12] = [0x31524652, 48, 1, 0, 0, 48, 0, 48, 0, 0, 0, 0];
static MANIFEST: &[u8] = br#"{"abi":1,"name":"table_rust","state":"resident"}"#;
static mut ANSWER: [u8; 128] = [0; 128];

fn span(at: *const u8, length: usize) -> u64 {
    (at as u64) << 32 | length as u64
}

#[no_mangle]
pub extern "C" fn refold_abi_v1() {}

#[no_mangle]
pub unsafe extern "C" fn refold_alloc(size: usize) -> usize {
    let heap = (addr_of!(__heap_base) as usize + 7) & !7;
    let have = memory_size(0) << 16;
    if heap + size > have && memory_grow(0, (heap + size - have + 65535) >> 16) == usize::MAX {
        return 0;
    }
    heap
}

#[no_mangle]
pub extern "C" fn refold_describe() -> u64 {
    span(MANIFEST.as_ptr(), MANIFEST.len())
}

unsafe fn find(id: [u64; 2]) -> &'static mut Tally {
    let table = addr_of_mut!(TABLE) as *mut Tally;
    let hash = (id[0] ^ id[1].wrapping_mul(0x9e3779b97f4a7c15)).wrapping_mul(0xbf58476d1ce4e5b9);
    let mut i = (hash >> 49) as usize;
    loop {
        let t = &mut *table.add(i);
        if t.id == id {
            return t;
        }
        if t.count == 0 {
            t.id = id;
            return t;
        }
        i = (i + 1) & (SLOTS - 1);
    }
}

unsafe fn number(at: *const u8, offset: usize) -> usize {
    *(at.add(offset) as *const u32) as usize
}

#[no_mangle]
pub unsafe extern "C" fn refold_fold(batch: *const u8, _length: usize) -> u64 {
    let mut event = batch.add(number(batch, 40));
    let end = event.add(number(batch, 44));
    let mut index = 0;
    while event < end {
        begin_event(index);
        index += 1;
        let t = find(*(event.add(48) as *const [u64; 2]));
        t.count += 1;
        t.version = t.version.max(*(event.add(16) as *const u64));
        t.bytes += number(event, 116) as u64;
        event = event.add(number(event, 0));
    }
    span(addr_of!(RESULT) as *const u8, 48)
}

unsafe fn put(mut at: usize, text: &[u8], mut n: u64) -> usize {
    let answer = addr_of_mut!(ANSWER) as *mut u8;
    for &c in text {
        *answer.add(at) = c;
        at += 1;
    }
    let mut scale = 1;
    while n / scale >= 10 {
        scale *= 10;
    }
    while scale > 0 {
        *answer.add(at) = b'0' + (n / scale) as u8;
        at += 1;
        n %= scale;
        scale /= 10;
    }
    at
}

#[no_mangle]
pub unsafe extern "C" fn refold_query(_query: *const u8, _length: usize) -> u64 {
    let (mut aggregates, mut events, mut versions, mut bytes) = (0, 0, 0, 0);
    let table = addr_of!(TABLE) as *const Tally;
    for i in 0..SLOTS {
        let t = &*table.add(i);
        aggregates += (t.count != 0) as u64;
        events += t.count;
        versions += t.version;
        bytes += t.bytes;
    }
    let mut at = put(0, b"{\"aggregates\":", aggregates);
    at = put(at, b",\"events\":", events);
    at = put(at, b",\"versions\":", versions);
    at = put(at, b",\"bytes\":", bytes);
    at = put(at, b"}", 0) - 1;
    span(addr_of!(ANSWER) as *const u8, at)
}
