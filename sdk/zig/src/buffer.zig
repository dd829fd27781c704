const std = @import("std");
const memory = @import("memory.zig");

/// A growing run of bytes, which keeps its room.
pub const Buffer = struct {
    room: []u8 = &.{},
    length: usize = 0,

    const most = 1 << 30;

    pub fn clear(self: *Buffer) void {
        self.length = 0;
    }

    pub inline fn written(self: *const Buffer) []u8 {
        return self.room[0..self.length];
    }

    pub inline fn append(self: *Buffer, bytes: []const u8) void {
        const to = self.extend(bytes.len);
        for (to, bytes) |*b, byte| b.* = byte;
    }

    pub inline fn push(self: *Buffer, byte: u8) void {
        self.extend(1)[0] = byte;
    }

    pub inline fn pushWord(self: *Buffer, word: u32) void {
        _ = self.extend(4);
        self.setWord(self.length - 4, word);
    }

    /// Makes the run longer by n bytes, and returns them.
    pub inline fn extend(self: *Buffer, n: usize) []u8 {
        if (n > self.room.len - self.length) self.grow(n);
        self.length += n;
        return (self.room.ptr + self.length - n)[0..n];
    }

    /// Fills up with zeros to a multiple of 8.
    pub inline fn pad(self: *Buffer) void {
        for (self.extend((0 -% self.length) & 7)) |*b| b.* = 0;
    }

    pub inline fn setWord(self: *Buffer, at: usize, word: u32) void {
        std.mem.bytesAsSlice(u32, self.room[at..][0..4])[0] = std.mem.nativeToLittle(u32, word);
    }

    pub inline fn wordAt(self: *const Buffer, at: usize) u32 {
        return std.mem.littleToNative(u32, std.mem.bytesAsSlice(u32, self.room[at..][0..4])[0]);
    }

    fn grow(self: *Buffer, n: usize) void {
        if (n > most or self.length > most) @panic("a buffer grows over 1 GiB");
        const room = memory.lasting().alloc(u8, 2 * self.room.len + n + 256) catch memory.out();
        @memcpy(room[0..self.length], self.written());
        memory.lasting().free(self.room);
        self.room = room;
    }
};

test "it grows and keeps what is in it" {
    var b = Buffer{};
    var i: usize = 0;
    while (i < 10_000) : (i += 1) b.append(&.{ @truncate(i), 7 });
    try std.testing.expectEqual(@as(usize, 20_000), b.length);
    try std.testing.expectEqual(@as(u8, @truncate(9_999)), b.written()[19_998]);
    b.push(1);
    b.pad();
    try std.testing.expectEqual(@as(usize, 20_008), b.length);
    b.setWord(4, 0x01020304);
    try std.testing.expectEqual(@as(u32, 0x01020304), b.wordAt(4));
    b.clear();
    try std.testing.expectEqual(@as(usize, 0), b.written().len);
}
