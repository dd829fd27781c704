//! What the host gives a guest, and what becomes of a panic.

const std = @import("std");
const builtin = @import("builtin");

/// Whether this is compiled as a guest, and not to be tested natively.
pub const is_guest = builtin.cpu.arch == .wasm32;

const imports = struct {
    extern "refold" fn begin_event(index: u32) void;
    extern "refold" fn log(level: u32, text: [*]const u8, length: usize) void;
};

/// The severity of a log line.
pub const Level = enum {
    /// For whoever debugs the projection.
    debug,
    /// Worth knowing.
    info,
    /// Worth a look.
    warn,
    /// Wrong.
    err,

    /// The level in the ABI.
    pub fn number(self: Level) u16 {
        return switch (self) {
            .debug => 0,
            .info => 1,
            .warn => 2,
            .err => 3,
        };
    }
};

/// Marks the start of an event, so that it has fuel of its own and a trap names it.
pub inline fn beginEvent(index: u32) void {
    if (is_guest) imports.begin_event(index);
}

/// Writes a line to the plugin's log at once, for whoever debugs it. `Effects.log`
/// is the one that counts. A line is cut at 2 KiB. When tested natively, it goes
/// nowhere.
pub fn print(level: Level, comptime format: []const u8, args: anytype) void {
    var line: [2048]u8 = undefined;
    printLine(level, std.fmt.bufPrint(&line, format, args) catch &line);
}

/// Writes a line that is made already.
pub fn printLine(level: Level, line: []const u8) void {
    if (is_guest) imports.log(level.number(), line.ptr, line.len);
}

/// For the root of a guest: `pub const panic = refold.panic;`. A panic, as of an
/// integer that overflows, goes to the plugin's log and ends the instance.
pub const panic = if (@hasDecl(std.debug, "FullPanic")) std.debug.FullPanic(panicNow) else panicTraced;

fn panicNow(message: []const u8, _: ?usize) noreturn {
    printLine(.err, message);
    @trap();
}

/// What a panic was before 0.14.
fn panicTraced(message: []const u8, _: ?*std.builtin.StackTrace, _: ?usize) noreturn {
    panicNow(message, null);
}
