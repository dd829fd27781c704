//! Why an event is rejected: an error of Zig says no more than its name.

const std = @import("std");
const memory = @import("memory.zig");

/// What `reject` returns.
pub const Rejected = error{Rejected};

var what: []const u8 = "";
var path: []const u8 = "";

/// Rejects the event: `return refold.reject("{d} lines are fewer than none", .{n});`.
/// Another error that a fold returns rejects it, too, by its name.
pub fn reject(comptime format: []const u8, args: anytype) Rejected {
    what = printed(format, args);
    path = "";
    return error.Rejected;
}

/// Says that what was just rejected lies within something of this name.
pub fn within(name: []const u8) void {
    path = if (path.len == 0) printed("{s}", .{name}) else printed("{s}.{s}", .{ name, path });
}

/// Why a fold has returned an error.
pub fn of(err: anyerror) []const u8 {
    if (err == error.OutOfMemory) memory.out();
    if (err != error.Rejected or what.len == 0) return @errorName(err);
    return if (path.len == 0) what else printed("{s}: {s}", .{ path, what });
}

/// Forgets what was rejected before.
pub fn forget() void {
    what = "";
    path = "";
}

/// The start of a text that may be long, for a reason.
pub fn cut(text: []const u8) []const u8 {
    var end = @min(text.len, 64);
    while (end < text.len and end > 0 and text[end] & 0xc0 == 0x80) end -= 1;
    return text[0..end];
}

fn printed(comptime format: []const u8, args: anytype) []const u8 {
    return std.fmt.allocPrint(memory.scratch(), format, args) catch memory.out();
}
