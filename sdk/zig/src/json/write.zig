const std = @import("std");
const Buffer = @import("../buffer.zig").Buffer;
const memory = @import("../memory.zig");
const number = @import("number.zig");
const reflect = @import("../reflect.zig");
const Time = @import("../time.zig").Time;
const Uuid = @import("../uuid.zig").Uuid;

/// Writes one JSON value.
pub const Writer = struct {
    to: *Buffer,

    /// Writes a value of any type that has a form in JSON: as `json.read` reads
    /// them, and tuples as arrays. What JSON has no number for is null.
    pub inline fn value(self: *Writer, v: anytype) void {
        put(self.to, v);
    }

    /// Writes text that is JSON already.
    pub fn raw(self: *Writer, json: []const u8) void {
        self.to.append(json);
    }

    /// Begins an object, which `end` ends.
    pub fn object(self: *Writer) Object {
        return Object.begin(self.to);
    }

    /// Begins an array, which `end` ends.
    pub fn array(self: *Writer) Array {
        return Array.begin(self.to);
    }
};

/// Writes an object, name by name in the order of the calls.
pub const Object = struct {
    to: *Buffer,
    empty: bool = true,

    fn begin(to: *Buffer) Object {
        to.push('{');
        return .{ .to = to };
    }

    /// Adds a member.
    pub fn set(self: *Object, member: []const u8, value: anytype) void {
        self.name(member);
        put(self.to, value);
    }

    /// Adds the members of a struct, of a `Map`, or of a `Value` that is an object.
    pub fn fill(self: *Object, from: anytype) void {
        const T = @TypeOf(from);
        if (comptime reflect.kind(T) == .pointer) {
            self.fill(from.*);
        } else if (comptime reflect.has(T, "fillJson")) {
            from.fillJson(self);
        } else if (comptime reflect.kind(T) == .@"struct" and !reflect.has(T, "writeJson")) {
            inline for (comptime reflect.fields(T)) |field| {
                const quoted = comptime quote(field.name) ++ ":";
                self.to.append(if (self.empty) quoted else "," ++ quoted);
                self.empty = false;
                put(self.to, @field(from, field.name));
            }
        } else if (comptime reflect.kind(T) != .tuple or reflect.fields(T).len > 0) { // .{} is a tuple
            @compileError("refold: " ++ @typeName(T) ++ " is no object: a struct is, a refold.Map, a refold.json.Value, or what declares fillJson");
        }
    }

    /// Begins an object as a member, which `end` ends.
    pub fn object(self: *Object, member: []const u8) Object {
        self.name(member);
        return Object.begin(self.to);
    }

    /// Begins an array as a member, which `end` ends.
    pub fn array(self: *Object, member: []const u8) Array {
        self.name(member);
        return Array.begin(self.to);
    }

    pub fn end(self: *Object) void {
        self.to.push('}');
    }

    fn name(self: *Object, member: []const u8) void {
        if (!self.empty) self.to.push(',');
        self.empty = false;
        string(self.to, member);
        self.to.push(':');
    }
};

/// Writes an array.
pub const Array = struct {
    to: *Buffer,
    empty: bool = true,

    fn begin(to: *Buffer) Array {
        to.push('[');
        return .{ .to = to };
    }

    /// Adds a value.
    pub fn push(self: *Array, value: anytype) void {
        self.comma();
        put(self.to, value);
    }

    /// Begins an object as a value, which `end` ends.
    pub fn object(self: *Array) Object {
        self.comma();
        return Object.begin(self.to);
    }

    /// Begins an array as a value, which `end` ends.
    pub fn array(self: *Array) Array {
        self.comma();
        return Array.begin(self.to);
    }

    pub fn end(self: *Array) void {
        self.to.push(']');
    }

    fn comma(self: *Array) void {
        if (!self.empty) self.to.push(',');
        self.empty = false;
    }
};

/// A value as JSON text, which lives as `refold.scratch()` does.
pub fn text(value: anytype) []const u8 {
    var to = Buffer{};
    put(&to, value);
    const copy = memory.scratch().dupe(u8, to.written()) catch memory.out();
    memory.lasting().free(to.room);
    return copy;
}

/// Appends an object with the members of a value.
pub fn writeObject(to: *Buffer, from: anytype) void {
    var object = Object.begin(to);
    object.fill(from);
    object.end();
}

fn put(to: *Buffer, value: anytype) void {
    const T = @TypeOf(value);
    if (comptime reflect.has(T, "writeJson")) {
        var writer = Writer{ .to = to };
        return value.writeJson(&writer);
    }
    if (T == Uuid) {
        const characters = value.text();
        return plain(to, &characters);
    }
    if (T == Time) {
        const characters = value.text();
        return plain(to, characters.slice());
    }
    switch (comptime reflect.kind(T)) {
        .null => to.append("null"),
        .bool => to.append(if (value) "true" else "false"),
        .int => number.putInt(to, value),
        .float => number.putFloat(to, value),
        .optional => if (value) |v| put(to, v) else to.append("null"),
        .text => string(to, if (comptime reflect.isArray(T)) &value else value),
        .@"enum" => string(to, @tagName(value)),
        .list => putList(to, value),
        .tuple => putTuple(to, value),
        .pointer => put(to, value.*),
        .@"struct" => writeObject(to, value),
        else => @compileError("refold: there is no way to write " ++ @typeName(T) ++ " as JSON; it may declare writeJson"),
    }
}

fn putList(to: *Buffer, values: anytype) void {
    var array = Array.begin(to);
    for (values) |value| array.push(value);
    array.end();
}

fn putTuple(to: *Buffer, values: anytype) void {
    var array = Array.begin(to);
    inline for (comptime reflect.fields(@TypeOf(values))) |field| array.push(@field(values, field.name));
    array.end();
}

/// Writes a string that needs no escapes.
fn plain(to: *Buffer, characters: []const u8) void {
    to.push('"');
    to.append(characters);
    to.push('"');
}

/// Writes a string: escaped is what must be, and nothing else.
fn string(to: *Buffer, characters: []const u8) void {
    to.push('"');
    var start: usize = 0;
    for (characters, 0..) |c, at| {
        if (c >= ' ' and c != '"' and c != '\\') continue;
        to.append(characters[start..at]);
        var room: [6]u8 = undefined;
        to.append(escape(c, &room));
        start = at + 1;
    }
    to.append(characters[start..]);
    to.push('"');
}

fn escape(c: u8, room: *[6]u8) []const u8 {
    const digits = "0123456789abcdef";
    switch (c) {
        '\n' => return "\\n",
        '\r' => return "\\r",
        '\t' => return "\\t",
        '"' => return "\\\"",
        '\\' => return "\\\\",
        else => {
            room.* = .{ '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15] };
            return room;
        },
    }
}

/// A string in quotation marks, of what is known when the guest is compiled.
pub fn quote(comptime characters: []const u8) []const u8 {
    comptime {
        var quoted: []const u8 = "\"";
        for (characters) |c| {
            var room: [6]u8 = undefined;
            const plainly = c >= ' ' and c != '"' and c != '\\';
            quoted = quoted ++ if (plainly) &[1]u8{c} else escape(c, &room);
        }
        return quoted ++ "\"";
    }
}

const testing = std.testing;

test "values of all types" {
    const Status = enum { open, closed };
    const name: []const u8 = "a\"b\\\n\x01ü";
    try testing.expectEqualStrings(
        \\{"a":-1,"b":"a\"b\\\n\u0001ü","c":null,"d":[1,2],"e":"closed","f":1.5,"g":[true,"x"],"h":{"i":null},"j\"":18446744073709551615}
    , text(.{
        .a = -1,
        .b = name,
        .c = @as(?i64, null),
        .d = [2]i64{ 1, 2 },
        .e = Status.closed,
        .f = 1.5,
        .g = .{ true, "x" },
        .h = .{ .i = null },
        .@"j\"" = @as(u64, std.math.maxInt(u64)),
    }));
    const id = Uuid.parse("11111111-1111-1111-1111-111111111111").?;
    try testing.expectEqualStrings("[\"11111111-1111-1111-1111-111111111111\",\"1970-01-01T00:00:00Z\"]", text(.{ id, Time{} }));
}

test "objects and arrays, piece by piece" {
    var to = Buffer{};
    var writer = Writer{ .to = &to };
    var o = writer.object();
    o.set("a", 1);
    o.fill(.{ .b = "x", .c = 2 });
    var list = o.array("d");
    list.push(3);
    var inner = list.object();
    inner.end();
    list.end();
    o.end();
    try testing.expectEqualStrings("{\"a\":1,\"b\":\"x\",\"c\":2,\"d\":[3,{}]}", to.written());
}
