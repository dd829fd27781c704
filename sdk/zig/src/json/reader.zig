const std = @import("std");
const memory = @import("../memory.zig");
const reason = @import("../reason.zig");

/// The kinds of JSON values.
pub const Kind = enum { null, bool, number, string, array, object };

/// How deeply arrays and objects may lie in each other.
const max_depth = 128;

/// Reads a JSON text from front to back. Each method reads one value, or says why
/// what comes next is none of its kind.
pub const Reader = struct {
    text: []const u8,
    at: usize = 0,
    depth: u32 = 0,

    const Error = reason.Rejected;

    /// The kind of the value that comes next.
    pub fn peek(self: *Reader) Error!Kind {
        return switch (self.next()) {
            '"' => .string,
            '{' => .object,
            '[' => .array,
            't', 'f' => .bool,
            'n' => .null,
            '-', '0'...'9' => .number,
            else => self.expected("a value"),
        };
    }

    /// Holds that the text ends here.
    pub fn end(self: *Reader) Error!void {
        _ = self.next();
        if (self.at < self.text.len) return self.expected("the end");
    }

    /// Reads `null`, if it comes next.
    pub fn isNull(self: *Reader) Error!bool {
        if (self.next() != 'n') return false;
        try self.word("null");
        return true;
    }

    /// Reads `true` or `false`.
    pub fn boolean(self: *Reader) Error!bool {
        switch (self.next()) {
            't' => try self.word("true"),
            'f' => {
                try self.word("false");
                return false;
            },
            else => return self.expected("true or false"),
        }
        return true;
    }

    /// Reads a number and returns its text.
    pub fn number(self: *Reader) Error![]const u8 {
        _ = self.next();
        const start = self.at;
        if (self.byte() == '-') self.at += 1;
        const first = self.byte();
        const whole = self.digits();
        if (whole == 0 or first == '0' and whole > 1) {
            self.at = start;
            return self.expected("a number");
        }
        if (self.byte() == '.') {
            self.at += 1;
            try self.someDigits();
        }
        if (self.byte() == 'e' or self.byte() == 'E') {
            self.at += 1;
            if (self.byte() == '+' or self.byte() == '-') self.at += 1;
            try self.someDigits();
        }
        return self.text[start..self.at];
    }

    /// Reads a string. If it has escapes, it is copied to `refold.scratch()`.
    pub fn string(self: *Reader) Error![]const u8 {
        if (self.next() != '"') return self.expected("a string");
        self.at += 1;
        const start = self.at;
        if (try self.run() == '"') {
            self.at += 1;
            return self.text[start .. self.at - 1];
        }
        return self.escaped(start);
    }

    /// Begins an object: `next` then gives name after name, each of whose values is
    /// to be read before the next.
    pub fn object(self: *Reader) Error!Members {
        try self.open('{', "an object");
        return .{ .reader = self };
    }

    /// Begins an array: as long as `next` is true, a value is to be read.
    pub fn array(self: *Reader) Error!Items {
        try self.open('[', "an array");
        return .{ .reader = self };
    }

    pub const Members = struct {
        reader: *Reader,
        first: bool = true,

        pub fn next(self: *Members) Error!?[]const u8 {
            if (!try self.reader.goesOn('}', &self.first, "a comma or the object's end")) return null;
            const name = try self.reader.string();
            if (self.reader.next() != ':') return self.reader.expected("a colon");
            self.reader.at += 1;
            return name;
        }
    };

    pub const Items = struct {
        reader: *Reader,
        first: bool = true,

        pub fn next(self: *Items) Error!bool {
            return self.reader.goesOn(']', &self.first, "a comma or the array's end");
        }
    };

    /// Reads whatever comes next and returns its text.
    pub fn skip(self: *Reader) Error![]const u8 {
        const kind = try self.peek();
        const start = self.at;
        switch (kind) {
            .null => _ = try self.isNull(),
            .bool => _ = try self.boolean(),
            .number => _ = try self.number(),
            .string => try self.pass(),
            .array => {
                var items = try self.array();
                while (try items.next()) _ = try self.skip();
            },
            .object => {
                var members = try self.object();
                while (try members.next()) |_| _ = try self.skip();
            },
        }
        return self.text[start..self.at];
    }

    /// An error of the value that was read last.
    pub fn fail(self: *const Reader, comptime format: []const u8, args: anytype) Error {
        return reason.reject(format ++ " before byte {d}", args ++ .{self.at});
    }

    fn expected(self: *const Reader, what: []const u8) Error {
        if (self.at >= self.text.len) return reason.reject("{s} is wanted where the text ends", .{what});
        const rest = self.text[self.at..];
        const length = std.unicode.utf8ByteSequenceLength(rest[0]) catch 1;
        return reason.reject("{s} is wanted at byte {d}, not '{s}'", .{ what, self.at, rest[0..@min(length, rest.len)] });
    }

    /// The byte at hand, or 0 at the end.
    inline fn byte(self: *const Reader) u8 {
        return if (self.at < self.text.len) self.text[self.at] else 0;
    }

    /// The byte at hand behind white space, or 0 at the end.
    inline fn next(self: *Reader) u8 {
        while (true) switch (self.byte()) {
            ' ', '\t', '\n', '\r' => self.at += 1,
            else => |c| return c,
        };
    }

    fn goesOn(self: *Reader, closing: u8, first: *bool, what: []const u8) Error!bool {
        const c = self.next();
        if (c == closing) {
            self.at += 1;
            self.depth -= 1;
            return false;
        }
        if (first.*) {
            first.* = false;
        } else if (c == ',') {
            self.at += 1;
        } else return self.expected(what);
        return true;
    }

    fn word(self: *Reader, comptime expects: []const u8) Error!void {
        if (!std.mem.startsWith(u8, self.text[self.at..], expects)) return self.expected(expects);
        self.at += expects.len;
    }

    fn digits(self: *Reader) usize {
        const start = self.at;
        while (self.byte() >= '0' and self.byte() <= '9') self.at += 1;
        return self.at - start;
    }

    fn someDigits(self: *Reader) Error!void {
        if (self.digits() == 0) return self.expected("a digit");
    }

    fn open(self: *Reader, bracket: u8, what: []const u8) Error!void {
        if (self.next() != bracket) return self.expected(what);
        if (self.depth == max_depth) return self.fail("values lie too deeply in each other", .{});
        self.depth += 1;
        self.at += 1;
    }

    /// Passes over the plain part of a string, and returns what ends it.
    fn run(self: *Reader) Error!u8 {
        while (true) switch (self.byte()) {
            '"', '\\' => |c| return c,
            0...0x1f => return self.expected("the string's end"),
            else => self.at += 1,
        };
    }

    /// Passes over a string.
    fn pass(self: *Reader) Error!void {
        self.at += 1;
        var room: [4]u8 = undefined;
        while (try self.run() == '\\') {
            self.at += 1;
            _ = try self.escape(&room);
        }
        self.at += 1;
    }

    /// Reads on in a string that began at a place and has an escape here. Its text
    /// is never longer than what stands for it.
    fn escaped(self: *Reader, start: usize) Error![]const u8 {
        var behind = self.*;
        behind.at = start - 1;
        try behind.pass();
        const copy = memory.scratch().alloc(u8, behind.at - start) catch memory.out();
        var length: usize = 0;
        self.at = start;
        while (true) {
            const from = self.at;
            const ends = try self.run();
            @memcpy(copy[length..][0 .. self.at - from], self.text[from..self.at]);
            length += self.at - from;
            self.at += 1;
            if (ends == '"') return copy[0..length];
            var room: [4]u8 = undefined;
            const c = try self.escape(&room);
            @memcpy(copy[length..][0..c.len], c);
            length += c.len;
        }
    }

    /// Reads an escape behind its backslash. Half a pair of surrogates is U+FFFD.
    fn escape(self: *Reader, room: *[4]u8) Error![]const u8 {
        room[0] = switch (self.byte()) {
            '"', '\\', '/' => |c| c,
            'b' => 8,
            'f' => 12,
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.unicode(room),
            else => return self.expected("an escape"),
        };
        self.at += 1;
        return room[0..1];
    }

    fn unicode(self: *Reader, room: *[4]u8) Error![]const u8 {
        var c: u21 = try self.unit();
        if (c >= 0xd800 and c < 0xdc00 and std.mem.startsWith(u8, self.text[self.at..], "\\u")) {
            const before = self.at;
            self.at += 1;
            const low: u21 = try self.unit();
            if (low >= 0xdc00 and low < 0xe000) {
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
            } else self.at = before;
        }
        if (c >= 0xd800 and c < 0xe000) c = 0xfffd;
        return room[0 .. std.unicode.utf8Encode(c, room) catch unreachable];
    }

    /// Reads the `uxxxx` of an escape.
    fn unit(self: *Reader) Error!u16 {
        var value: u16 = 0;
        for (0..4) |_| {
            self.at += 1;
            const digit = std.fmt.charToDigit(self.byte(), 16) catch return self.expected("a hexadecimal digit");
            value = value << 4 | digit;
        }
        self.at += 1;
        return value;
    }
};
