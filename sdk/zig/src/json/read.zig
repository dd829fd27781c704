const std = @import("std");
const memory = @import("../memory.zig");
const number = @import("number.zig");
const reason = @import("../reason.zig");
const reflect = @import("../reflect.zig");
const Reader = @import("reader.zig").Reader;
const Time = @import("../time.zig").Time;
const Uuid = @import("../uuid.zig").Uuid;

/// Reads a JSON text as a T.
///
/// Structs are objects: a member that has a default, or is optional, may be absent,
/// and names that the struct lacks are passed over. Slices are arrays, `[]const u8`
/// a string, enums the names of their values; an optional is null or a value.
/// `refold.Uuid` and `refold.Time` are strings, a `json.Value` is anything, and a
/// `refold.Map` an object. What had to be copied lives as `refold.scratch()` does.
///
/// What does not fit is rejected, with the member's path.
pub fn read(comptime T: type, text: []const u8) reason.Rejected!T {
    var from = Reader{ .text = text };
    const value = try readNext(T, &from);
    try from.end();
    return value;
}

/// Reads the value that comes next.
pub fn readNext(comptime T: type, from: *Reader) reason.Rejected!T {
    if (comptime reflect.has(T, "readJson")) return T.readJson(from);
    if (T == Uuid) return Uuid.parse(try from.string()) orelse from.fail("a UUID is wanted", .{});
    if (T == Time) return Time.parse(try from.string()) orelse from.fail("a time in RFC 3339 is wanted", .{});
    return switch (comptime reflect.kind(T)) {
        .bool => from.boolean(),
        .int => integer(T, from),
        .float => @floatCast(number.float(try from.number()) orelse return from.fail("a number of f64 is wanted", .{})),
        .optional => if (try from.isNull()) null else try readNext(reflect.Child(T), from),
        .text => if (T == []const u8) from.string() else unreadable(T),
        .list => list(reflect.Child(T), from),
        .@"enum" => value: {
            const name = try from.string();
            break :value std.meta.stringToEnum(T, name) orelse from.fail("one of " ++ @typeName(T) ++ " is wanted, not {s},", .{reason.cut(name)});
        },
        .@"struct" => object(T, from),
        else => unreadable(T),
    };
}

fn unreadable(comptime T: type) noreturn {
    @compileError("refold: there is no way to read " ++ @typeName(T) ++ " from JSON; it may declare readJson");
}

fn integer(comptime T: type, from: *Reader) reason.Rejected!T {
    const digits = try from.number();
    return std.fmt.parseInt(T, digits, 10) catch from.fail("an integer of " ++ @typeName(T) ++ " is wanted, not {s},", .{reason.cut(digits)});
}

fn list(comptime T: type, from: *Reader) reason.Rejected![]T {
    var room: []T = &.{};
    var n: usize = 0;
    var items = try from.array();
    while (try items.next()) : (n += 1) {
        if (n == room.len) room = memory.scratch().realloc(room, 2 * n + 4) catch memory.out();
        room[n] = readNext(T, from) catch |err| {
            var digits: [20]u8 = undefined;
            reason.within(std.fmt.bufPrint(&digits, "{d}", .{n}) catch unreachable);
            return err;
        };
    }
    return room[0..n];
}

fn object(comptime T: type, from: *Reader) reason.Rejected!T {
    const fields = comptime reflect.fields(T);
    var value: T = undefined;
    var seen: [fields.len]bool = undefined;
    for (&seen) |*s| s.* = false;
    var members = try from.object();
    next: while (try members.next()) |name| {
        inline for (fields, 0..) |field, i| {
            if (std.mem.eql(u8, name, field.name)) {
                @field(value, field.name) = readNext(field.type, from) catch |err| {
                    reason.within(field.name);
                    return err;
                };
                seen[i] = true;
                continue :next;
            }
        }
        _ = try from.skip();
    }
    inline for (fields, 0..) |field, i| {
        if (!seen[i]) {
            if (comptime field.defaultValue()) |default| {
                @field(value, field.name) = default;
            } else if (comptime reflect.kind(field.type) == .optional) {
                @field(value, field.name) = null;
            } else {
                const err = reason.reject("the member is missing", .{});
                reason.within(field.name);
                return err;
            }
        }
    }
    return value;
}

const testing = std.testing;

test "a struct" {
    const Status = enum { open, closed };
    const T = struct { a: i64, b: ?[]const u8, c: []const u32 = &.{}, d: Status = .open, e: f64 = 0.5, at: ?Time = null, id: ?Uuid = null };
    const all = try read(T,
        \\{"x": [{}], "d": "closed", "c": [1, 2], "b": "x\ty", "a": -9223372036854775808, "e": 1e2,
        \\ "at": "1970-01-01T00:00:01Z", "id": "00000000-0000-4000-8000-000000000001"}
    );
    try testing.expectEqual(@as(i64, std.math.minInt(i64)), all.a);
    try testing.expectEqualStrings("x\ty", all.b.?);
    try testing.expectEqualSlices(u32, &.{ 1, 2 }, all.c);
    try testing.expect(all.d == .closed and all.e == 100 and all.at.?.unix_nanos == 1_000_000_000 and all.id.?.bytes[15] == 1);
    const few = try read(T, "{\"a\":1}");
    try testing.expect(few.b == null and few.c.len == 0 and few.d == .open and few.e == 0.5);
}

test "what does not fit says where" {
    const T = struct { a: u8, b: struct { c: []const i64 } = .{ .c = &.{} } };
    inline for (.{
        .{ "{}", "a: the member is missing" },
        .{ "{\"a\":256}", "a: an integer of u8 is wanted, not 256, before byte 8" },
        .{ "{\"a\":1.5}", "a: an integer of u8 is wanted, not 1.5, before byte 8" },
        .{ "{\"a\":\"ü\"}", "a: a number is wanted at byte 5, not '\"'" },
        .{ "{\"a\":1,\"b\":{\"c\":[1,null]}}", "b.c.1: a number is wanted at byte 19, not 'n'" },
        .{ "{\"a\":1", "a comma or the object's end is wanted where the text ends" },
    }) |case| {
        reason.forget();
        const err = if (read(T, case[0])) |_| return error.Fits else |err| err;
        try testing.expectEqualStrings(case[1], reason.of(err));
    }
}
