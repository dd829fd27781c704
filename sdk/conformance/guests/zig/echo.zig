//! Reads JSON and writes it again: a query is a JSON text, and its answer the same
//! value as `{"value": …}`, all numbers as floats.

const refold = @import("refold");
const json = refold.json;
pub const panic = refold.panic;

const Echo = struct {
    pub fn fold(_: *Echo, _: refold.Event(struct {}), _: *refold.Effects) void {}

    pub fn query(_: *const Echo, text: []const u8, answer: *json.Writer) !void {
        const value = try json.Value.parse(text);
        var object = answer.object();
        object.set("value", .{Echoed{ .value = value }});
        object.end();
    }
};

const Echoed = struct {
    value: json.Value,

    pub fn writeJson(self: Echoed, to: *json.Writer) void {
        switch (self.value.kind()) {
            .number => to.value(self.value.read(?f64) catch null),
            .string => to.value(self.value.read([]const u8) catch ""),
            .array => {
                var array = to.array();
                var items = self.value.items();
                while (items.next()) |item| array.push(Echoed{ .value = item });
                array.end();
            },
            .object => {
                var object = to.object();
                var members = self.value.members();
                while (members.next()) |member| object.set(member.name, .{Echoed{ .value = member.value }});
                object.end();
            },
            else => to.value(self.value),
        }
    }
};

comptime {
    refold.resident(Echo, .{ .name = "echo" });
}
