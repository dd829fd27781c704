const std = @import("std");
const reader = @import("reader.zig");
const read_zig = @import("read.zig");
const write = @import("write.zig");
const Reader = reader.Reader;
const Rejected = @import("../reason.zig").Rejected;

/// A JSON value that lies in a text. It is looked at in place: nothing is parsed
/// before somebody asks.
pub const Value = struct {
    text: []const u8,

    /// Checks that a text is one JSON value.
    pub fn parse(text: []const u8) Rejected!Value {
        var from = Reader{ .text = text };
        const value = Value{ .text = try from.skip() };
        try from.end();
        return value;
    }

    /// The value in a text that is JSON: where it is not, methods find nothing.
    pub inline fn trusted(text: []const u8) Value {
        return .{ .text = text };
    }

    /// The value's kind.
    pub fn kind(self: Value) reader.Kind {
        var from = Reader{ .text = self.text };
        return from.peek() catch .null;
    }

    /// The member of an object at a path; a dot descends into an object. Each call
    /// looks through the text: to read several members, use `read`.
    pub fn get(self: Value, path: []const u8) ?Value {
        const dot = std.mem.indexOfScalar(u8, path, '.') orelse path.len;
        var list = self.members();
        while (list.next()) |member| {
            if (!std.mem.eql(u8, member.name, path[0..dot])) continue;
            return if (dot == path.len) member.value else member.value.get(path[dot + 1 ..]);
        }
        return null;
    }

    /// The value as a T: see `json.read`.
    pub fn read(self: Value, comptime T: type) Rejected!T {
        return read_zig.read(T, self.text);
    }

    /// The values of an array, in order; of anything else none.
    pub fn items(self: Value) Items {
        var list = Items{ .from = .{ .text = self.text }, .inside = undefined };
        list.inside = list.from.array() catch {
            list.ended = true;
            return list;
        };
        return list;
    }

    /// The names and values of an object, in order; of anything else none.
    pub fn members(self: Value) Members {
        var list = Members{ .from = .{ .text = self.text }, .inside = undefined };
        list.inside = list.from.object() catch {
            list.ended = true;
            return list;
        };
        return list;
    }

    pub const Items = struct {
        from: Reader,
        inside: Reader.Items,
        ended: bool = false,

        pub fn next(self: *Items) ?Value {
            if (self.ended) return null;
            self.inside.reader = &self.from;
            self.ended = true; // unless all goes well
            if (!(self.inside.next() catch false)) return null;
            const value = Value{ .text = self.from.skip() catch return null };
            self.ended = false;
            return value;
        }
    };

    pub const Member = struct { name: []const u8, value: Value };

    pub const Members = struct {
        from: Reader,
        inside: Reader.Members,
        ended: bool = false,

        pub fn next(self: *Members) ?Member {
            if (self.ended) return null;
            self.inside.reader = &self.from;
            self.ended = true; // unless all goes well
            const name = (self.inside.next() catch null) orelse return null;
            const value = Value{ .text = self.from.skip() catch return null };
            self.ended = false;
            return .{ .name = name, .value = value };
        }
    };

    pub fn readJson(from: *Reader) Rejected!Value {
        return .{ .text = try from.skip() };
    }

    /// Writes the value's own text.
    pub fn writeJson(self: Value, to: *write.Writer) void {
        to.raw(self.text);
    }

    pub fn fillJson(self: Value, to: *write.Object) void {
        var list = self.members();
        while (list.next()) |member| to.set(member.name, member.value);
    }
};

test "values are looked at in place" {
    const value = try Value.parse(
        \\ {"a": {"b": [1, "x\n", null, {}]}, "c\u0041": true}
    );
    try std.testing.expectEqual(reader.Kind.object, value.kind());
    var items = value.get("a.b").?.items();
    try std.testing.expectEqual(@as(i64, 1), try items.next().?.read(i64));
    try std.testing.expectEqualStrings("x\n", try items.next().?.read([]const u8));
    try std.testing.expectEqual(reader.Kind.null, items.next().?.kind());
    try std.testing.expectEqualStrings("{}", items.next().?.text);
    try std.testing.expect(items.next() == null and items.next() == null);
    try std.testing.expect(try value.get("cA").?.read(bool));
    try std.testing.expect(value.get("a.b.c") == null and value.get("") == null);
}

test "what is no JSON" {
    for ([_][]const u8{
        "",  " ",    "nul", "truex", "01", "-",      "1.",         "1e",    ".5",  "+1",  "\"", "\"\\x\"", "\"\\u12\"", "\"\n\"",
        "[", "[1,]", "[,]", "[1 2]", "{",  "{\"a\"", "{\"a\":1,}", "{a:1}", "1 2", "[]]",
    }) |text| try std.testing.expectError(error.Rejected, Value.parse(text));
    var deep: [258]u8 = undefined;
    for (&deep, 0..) |*c, i| c.* = if (i < 129) '[' else ']';
    _ = try Value.parse(deep[1..257]);
    try std.testing.expectError(error.Rejected, Value.parse(&deep));
}
