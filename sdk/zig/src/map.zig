const std = @import("std");
const json = @import("json.zig");
const memory = @import("memory.zig");

/// Values by name. As JSON it is an object, with its names in the order of their
/// bytes: the order of a hash table must not show. `.{}` is an empty one.
///
/// It lives as `refold.allocator()` says, and keeps copies of its names.
pub fn Map(comptime V: type) type {
    return struct {
        table: Table = if (@hasDecl(Table, "empty")) Table.empty else .{},

        const Self = @This();
        const Table = std.StringHashMapUnmanaged(V);

        pub const Entry = struct { name: []const u8, value: V };

        pub fn count(self: *const Self) usize {
            return self.table.count();
        }

        pub fn get(self: *const Self, name: []const u8) ?V {
            return self.table.get(name);
        }

        pub fn getPtr(self: *const Self, name: []const u8) ?*V {
            return self.table.getPtr(name);
        }

        /// The place of a name's value, which is `initial` where there is none yet.
        /// It is valid until another name is added or removed.
        pub fn at(self: *Self, name: []const u8, initial: V) *V {
            if (self.table.getPtr(name)) |value| return value;
            const copy = memory.allocator().dupe(u8, name) catch memory.out();
            const place = self.table.getOrPut(memory.allocator(), copy) catch memory.out();
            place.value_ptr.* = initial;
            return place.value_ptr;
        }

        pub fn put(self: *Self, name: []const u8, value: V) void {
            self.at(name, value).* = value;
        }

        /// Whether there was one.
        pub fn remove(self: *Self, name: []const u8) bool {
            const removed = self.table.fetchRemove(name) orelse return false;
            memory.allocator().free(removed.key);
            return true;
        }

        /// Names and values in the order of the names' bytes. The list lives as
        /// `refold.scratch()` does.
        pub fn sorted(self: *const Self) []const Entry {
            const list = memory.scratch().alloc(Entry, self.count()) catch memory.out();
            var entries = self.table.iterator();
            for (list) |*to| {
                const entry = entries.next().?;
                to.* = .{ .name = entry.key_ptr.*, .value = entry.value_ptr.* };
            }
            std.mem.sort(Entry, list, {}, before);
            return list;
        }

        fn before(_: void, a: Entry, b: Entry) bool {
            return std.mem.lessThan(u8, a.name, b.name);
        }

        pub fn readJson(from: *json.Reader) json.Error!Self {
            var map = Self{};
            var members = try from.object();
            while (try members.next()) |name| map.put(name, try json.readNext(V, from));
            return map;
        }

        pub fn writeJson(self: Self, to: *json.Writer) void {
            var object = to.object();
            self.fillJson(&object);
            object.end();
        }

        pub fn fillJson(self: Self, to: *json.Object) void {
            for (self.sorted()) |entry| to.set(entry.name, entry.value);
        }
    };
}

test "names are sorted" {
    var map = Map(i64){};
    for ([_][]const u8{ "b", "", "größe", "a", "z", "b" }) |name| map.at(name, 10).* += 1;
    try std.testing.expectEqualStrings(
        \\{"":11,"a":11,"b":12,"größe":11,"z":11}
    , json.text(map));
    try std.testing.expect(map.remove("a") and !map.remove("a") and map.count() == 4);
    const again = try json.read(Map(i64), json.text(map));
    try std.testing.expectEqual(@as(?i64, 12), again.get("b"));
    try std.testing.expectEqualStrings(json.text(map), json.text(again));
}
