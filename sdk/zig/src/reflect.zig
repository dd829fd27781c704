//! What types are made of, told in one way for all versions of Zig: the names in
//! `@typeInfo` have changed with 0.14 and with 0.17.

const std = @import("std");

/// A field of a struct or a union.
pub const Field = struct {
    name: [:0]const u8,
    type: type,
    /// Points at a value of the field's type.
    default: ?*const anyopaque,

    pub fn defaultValue(comptime field: Field) ?field.type {
        const at = field.default orelse return null;
        return @as(*const field.type, @ptrCast(@alignCast(at))).*;
    }
};

/// The fields of a struct or a union.
pub fn fields(comptime T: type) []const Field {
    comptime {
        const of = payload(T);
        var list: []const Field = &.{};
        if (@hasField(@TypeOf(of), "field_names")) {
            for (of.field_names, of.field_types, of.field_attrs) |name, Type, attributes| {
                const default = if (@hasField(@TypeOf(attributes), "default_value_ptr")) attributes.default_value_ptr else null;
                list = list ++ [_]Field{.{ .name = name, .type = Type, .default = default }};
            }
            return list;
        }
        for (of.fields) |field| {
            const Of = @TypeOf(field);
            const default = if (@hasField(Of, "default_value_ptr"))
                field.default_value_ptr
            else if (@hasField(Of, "default_value")) field.default_value else null;
            // Before 0.12 a name has no zero behind it.
            list = list ++ [_]Field{.{ .name = field.name ++ "", .type = field.type, .default = default }};
        }
        return list;
    }
}

/// The names of a struct's or a union's fields, or of an enum's values.
pub fn names(comptime T: type) []const [:0]const u8 {
    comptime {
        const of = payload(T);
        if (@hasField(@TypeOf(of), "field_names")) return of.field_names;
        var list: []const [:0]const u8 = &.{};
        for (of.fields) |field| list = list ++ [_][:0]const u8{field.name ++ ""};
        return list;
    }
}

/// The kinds of types that the kit tells apart.
pub const Kind = enum { bool, int, float, optional, null, text, list, pointer, tuple, @"struct", @"enum", @"union", other };

pub fn kind(comptime T: type) Kind {
    comptime {
        @setEvalBranchQuota(10_000);
        const tag = @tagName(@typeInfo(T));
        if (same(tag, "bool")) return .bool;
        if (same(tag, "int") or same(tag, "comptimeint")) return .int;
        if (same(tag, "float") or same(tag, "comptimefloat")) return .float;
        if (same(tag, "optional")) return .optional;
        if (same(tag, "null")) return .null;
        if (same(tag, "enum") or same(tag, "enumliteral")) return .@"enum";
        if (same(tag, "union")) return .@"union";
        if (same(tag, "struct")) return if (payload(T).is_tuple) .tuple else .@"struct";
        if (same(tag, "array")) return if (Child(T) == u8) .text else .list;
        if (!same(tag, "pointer")) return .other;
        if (same(@tagName(payload(T).size), "slice")) return if (Child(T) == u8) .text else .list;
        if (!same(@tagName(payload(T).size), "one")) return .other;
        const pointed = @tagName(@typeInfo(Child(T)));
        return if (same(pointed, "array") and Child(Child(T)) == u8) .text else .pointer;
    }
}

pub fn isArray(comptime T: type) bool {
    return same(@tagName(@typeInfo(T)), "array");
}

/// What an optional, a list or a pointer is of.
pub fn Child(comptime T: type) type {
    return payload(T).child;
}

/// Whether T has a declaration of this name.
pub fn has(comptime T: type, comptime name: []const u8) bool {
    return switch (kind(T)) {
        .@"struct", .@"enum", .@"union" => @hasDecl(T, name),
        else => false,
    };
}

fn payload(comptime T: type) Payload(T) {
    const info = @typeInfo(T);
    return @field(info, @tagName(info));
}

fn Payload(comptime T: type) type {
    const info = @typeInfo(T);
    return @TypeOf(@field(info, @tagName(info)));
}

/// Whether a name from `@typeInfo` is this one, in its older spelling or its newer.
fn same(comptime tag: []const u8, comptime lower: []const u8) bool {
    var i = 0;
    for (tag) |c| {
        if (c == '_') continue;
        if (i == lower.len or std.ascii.toLower(c) != lower[i]) return false;
        i += 1;
    }
    return i == lower.len;
}

test "what structs, enums and unions have" {
    const S = struct { a: i64 = 3, b: []const u8 };
    const list = comptime fields(S);
    try std.testing.expectEqual(@as(usize, 2), list.len);
    try std.testing.expectEqualStrings("a", list[0].name);
    try std.testing.expectEqual(@as(?i64, 3), comptime list[0].defaultValue());
    try std.testing.expectEqual(@as(?[]const u8, null), comptime list[1].defaultValue());
    const E = enum { one, two };
    try std.testing.expectEqualStrings("two", comptime names(E)[1]);
    const U = union(enum) { x: void, y: S };
    try std.testing.expect(comptime fields(U)[1].type == S);
}

test "kinds of types" {
    const S = struct { a: i64 };
    inline for (.{
        .{ bool, .bool },                       .{ u8, .int },             .{ comptime_int, .int },   .{ f64, .float },
        .{ ?i64, .optional },                   .{ @TypeOf(null), .null }, .{ []const u8, .text },    .{ [36]u8, .text },
        .{ *const [3:0]u8, .text },             .{ []const i64, .list },   .{ [2]i64, .list },        .{ *const S, .pointer },
        .{ @TypeOf(.{ 1, 2 }), .tuple },        .{ S, .@"struct" },        .{ enum { a }, .@"enum" }, .{ @TypeOf(.a), .@"enum" },
        .{ union(enum) { a: i64 }, .@"union" }, .{ void, .other },         .{ [*]const u8, .other },
    }) |case| try std.testing.expectEqual(@as(Kind, case[1]), comptime kind(case[0]));
}
