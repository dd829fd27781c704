//! What the host gives a guest, and what becomes of a panic.

use crate::Level;

#[cfg(target_arch = "wasm32")]
mod imports {
    #[link(wasm_import_module = "refold")]
    extern "C" {
        pub(super) fn begin_event(index: u32);
        pub(super) fn log(level: u32, text: *const u8, length: usize);
    }
}

/// Marks the start of an event, so that it has fuel of its own and a trap names
/// it.
#[inline]
pub(crate) fn begin_event(index: u32) {
    #[cfg(target_arch = "wasm32")]
    unsafe {
        imports::begin_event(index)
    }
    #[cfg(not(target_arch = "wasm32"))]
    let _ = index;
}

#[cfg(target_arch = "wasm32")]
mod outside {
    #[link(wasm_import_module = "refold")]
    extern "C" {
        pub(super) fn begin_effect(index: u32);
    }

    #[link(wasm_import_module = "refold_host")]
    extern "C" {
        pub(super) fn answer(room: *mut u8, length: usize);
        pub(super) fn http(request: *const u8, length: usize) -> usize;
        pub(super) fn sql_exec(request: *const u8, length: usize) -> usize;
        pub(super) fn sql_query(request: *const u8, length: usize) -> usize;
        pub(super) fn nats_publish(request: *const u8, length: usize) -> usize;
        pub(super) fn secret(request: *const u8, length: usize) -> usize;
    }
}

/// Says that the effects before one are done.
pub(crate) fn begin_effect(index: u32) {
    #[cfg(target_arch = "wasm32")]
    unsafe {
        outside::begin_effect(index)
    }
    #[cfg(not(target_arch = "wasm32"))]
    let _ = index;
}

/// What executors may ask the host for.
#[derive(Debug)]
pub(crate) enum Function {
    Http,
    SqlExec,
    SqlQuery,
    NatsPublish,
    Secret,
}

/// Passes a request to a function of the host and returns its answer. It is inlined,
/// so that a guest imports those functions only that it uses.
#[inline(always)]
pub(crate) fn ask(function: Function, request: &[u8]) -> alloc::vec::Vec<u8> {
    #[cfg(target_arch = "wasm32")]
    unsafe {
        let (at, n) = (request.as_ptr(), request.len());
        let length = match function {
            Function::Http => outside::http(at, n),
            Function::SqlExec => outside::sql_exec(at, n),
            Function::SqlQuery => outside::sql_query(at, n),
            Function::NatsPublish => outside::nats_publish(at, n),
            Function::Secret => outside::secret(at, n),
        };
        let mut room = alloc::vec![0; length];
        outside::answer(room.as_mut_ptr(), length);
        room
    }
    #[cfg(not(target_arch = "wasm32"))]
    panic!("refold: there is no host for {:?} with {} bytes", function, request.len())
}

/// Writes a line to the plugin's log at once, for whoever debugs it.
/// [`Effects::log`](crate::Effects::log) is the one that counts. Outside of
/// WebAssembly it does nothing.
pub fn print(level: Level, line: &str) {
    #[cfg(target_arch = "wasm32")]
    unsafe {
        imports::log(level as u32, line.as_ptr(), line.len())
    }
    #[cfg(not(target_arch = "wasm32"))]
    let _ = (level, line);
}

/// Writes a panic's message to the log, as one line. It allocates nothing: memory
/// may be what is out.
#[cfg(target_arch = "wasm32")]
fn print_panic(info: &dyn core::fmt::Display) {
    use core::fmt::Write;
    let mut line = Line { text: [0; 2048], length: 0 };
    let _ = write!(line, "{}", info);
    unsafe { imports::log(Level::Error as u32, line.text.as_ptr(), line.length) }
}

/// A line that is cut where it is too long.
#[cfg(any(test, target_arch = "wasm32"))]
struct Line {
    text: [u8; 2048],
    length: usize,
}

#[cfg(any(test, target_arch = "wasm32"))]
impl core::fmt::Write for Line {
    fn write_str(&mut self, more: &str) -> core::fmt::Result {
        for c in more.chars() {
            let (c, room) = (if c == '\n' { ' ' } else { c }, &mut self.text[self.length..]);
            if c.len_utf8() > room.len() {
                return Err(core::fmt::Error);
            }
            self.length += c.encode_utf8(room).len();
        }
        Ok(())
    }
}

#[cfg(all(target_arch = "wasm32", not(feature = "std")))]
#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    print_panic(info);
    core::arch::wasm32::unreachable()
}

/// Called once, before the first fold.
pub(crate) fn start() {
    #[cfg(all(target_arch = "wasm32", feature = "std"))]
    std::panic::set_hook(std::boxed::Box::new(|info| print_panic(info)));
}

#[cfg(test)]
mod tests {
    use super::Line;
    use core::fmt::Write;

    #[test]
    fn a_line_has_no_line_feed_and_an_end() {
        let mut line = Line { text: [0; 2048], length: 0 };
        assert!(write!(line, "a\nb").is_ok());
        assert_eq!(&line.text[..line.length], b"a b");
        assert!((0..2000).any(|_| line.write_str("ö").is_err()));
        assert!(core::str::from_utf8(&line.text[..line.length]).is_ok());
    }
}
