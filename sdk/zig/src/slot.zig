const std = @import("std");
const frame = @import("frame.zig");
const reflect = @import("reflect.zig");
const json = @import("json.zig");
const Uuid = @import("uuid.zig").Uuid;
const Time = @import("time.zig").Time;

/// A field's type for a string in base64.
pub const Bytes = struct { data: []const u8 };

/// A payload field as the host decoded it.
pub const Slot = union(enum) {
    /// Absent or null.
    null: void,
    /// True or false.
    bool: bool,
    /// A number without fraction and exponent.
    i64: i64,
    /// Any other number.
    f64: f64,
    /// A string.
    string: []const u8,
    /// A string in base64, of a field that asks for bytes.
    bytes: []const u8,
    /// A string that is a UUID, of a field that asks for one.
    uuid: Uuid,
    /// A string in RFC 3339, of a field that asks for a time.
    time: Time,
    /// An object or array.
    json: json.Value,

    pub inline fn read(event: frame.Place, offset: usize) Slot {
        const at = event + offset;
        const value = frame.long(at, 8);
        return switch (frame.word(at, 0)) {
            1 => .{ .bool = value != 0 },
            2 => .{ .i64 = @bitCast(value) },
            3 => .{ .f64 = @bitCast(value) },
            4 => .{ .string = bytesOf(event, at) },
            5 => .{ .bytes = bytesOf(event, at) },
            6 => .{ .uuid = .{ .bytes = frame.id(event, @truncate(value)) } },
            7 => .{ .time = .{ .unix_nanos = @bitCast(value) } },
            8 => .{ .json = json.Value.trusted(bytesOf(event, at)) },
            else => .null,
        };
    }

    inline fn bytesOf(event: frame.Place, at: frame.Place) []const u8 {
        const length = frame.word(at, 4);
        return if (length == 0) "" else (event + frame.word(at, 8))[0..length];
    }

    /// The value as a field's type has it; null if it is none of these.
    pub inline fn as(self: Slot, comptime T: type) ?T {
        switch (comptime declared(T)) {
            .bool => return if (self == .bool) self.bool else null,
            .i64 => return if (self == .i64) std.math.cast(T, self.i64) else null,
            .f64 => return switch (self) {
                .f64 => |value| @floatCast(value),
                .i64 => |value| @floatFromInt(value),
                else => null,
            },
            .string => {
                if (self != .string) return null;
                if (comptime reflect.kind(T) != .@"enum") return self.string;
                return std.meta.stringToEnum(T, self.string);
            },
            .bytes => return if (self == .bytes) .{ .data = self.bytes } else null,
            .uuid => return if (self == .uuid) self.uuid else null,
            .time => return if (self == .time) self.time else null,
        }
    }

    /// What it is, for people.
    pub fn described(self: Slot) []const u8 {
        return switch (self) {
            .null => "missing",
            .json => "an object or array",
            else => @tagName(self),
        };
    }
};

/// The types of fields in a manifest.
pub const Declared = enum { bool, i64, f64, string, bytes, uuid, time };

/// What a manifest calls a type.
pub fn declared(comptime T: type) Declared {
    if (T == Bytes) return .bytes;
    if (T == Uuid) return .uuid;
    if (T == Time) return .time;
    return switch (reflect.kind(T)) {
        .bool => .bool,
        .int => .i64,
        .float => .f64,
        .@"enum" => .string,
        else => if (T == []const u8) .string else @compileError("refold: " ++ @typeName(T) ++ " is no type of a field: " ++
            "bool, an integer, a float, []const u8, an enum, refold.Bytes, refold.Uuid or refold.Time is"),
    };
}
