//! The conformance guest in Zig: it says back what it reads, and does what an event
//! commands. sdk/testdata/README.md specifies it.

const std = @import("std");
const refold = @import("refold");
pub const panic = refold.panic;

const Event = refold.Event(struct {
    do: ?[]const u8,
    @"value.bool": ?bool,
    @"value.i64": ?i64,
    @"value.f64": ?f64,
    @"value.string": ?[]const u8,
    @"value.bytes": ?refold.Bytes,
    @"value.uuid": ?refold.Uuid,
    @"value.time": ?refold.Time,
});

const Command = enum { update, delete, query, log, emit, remove, reject, panic, none };

const Mirror = struct {
    events: i64 = 0,

    pub fn fold(self: *Mirror, event: Event, out: *refold.Effects) !void {
        self.events += 1;
        const do = event.slot(.do).as(Command) orelse .none;
        switch (do) {
            .update => out.update("mirror", event.key, self),
            .delete => out.delete("mirror", event.key),
            .query => out.query("select 1", self),
            .log => out.log(.warn, "seen {d}", .{self.events}),
            .emit => out.emitEvent("mirrored_again", self),
            .remove => out.removeState(),
            .reject => return refold.reject("rejected on demand", .{}),
            .panic => @panic("panicked on demand"),
            .none => out.insert("mirror", row(event)),
        }
    }
};

fn row(event: Event) Row {
    return .{
        .position = event.position(),
        .version = event.version(),
        .time = event.time().unix_nanos,
        .id = event.id(),
        .aggregate_type = event.aggregateType(),
        .aggregate_id = event.aggregateId(),
        .type = event.eventType(),
        .type_index = event.typeIndex(),
        .schema_version = event.schemaVersion(),
        .correlation_id = event.correlationId(),
        .causation_id = event.causationId(),
        .key = event.key,
        .data = event.data().text,
        .metadata = if (event.metadata()) |metadata| metadata.text else null,
        .slots = .{
            described(event.slot(.do)),
            described(event.slot(.@"value.bool")),
            described(event.slot(.@"value.i64")),
            described(event.slot(.@"value.f64")),
            described(event.slot(.@"value.string")),
            described(event.slot(.@"value.bytes")),
            described(event.slot(.@"value.uuid")),
            described(event.slot(.@"value.time")),
        },
    };
}

const Row = struct {
    position: u64,
    version: u64,
    time: i64,
    id: refold.Uuid,
    aggregate_type: []const u8,
    aggregate_id: refold.Uuid,
    type: []const u8,
    type_index: u32,
    schema_version: u32,
    correlation_id: refold.Uuid,
    causation_id: ?refold.Uuid,
    key: []const u8,
    data: []const u8,
    metadata: ?[]const u8,
    slots: [8]Described,
};

const Described = struct { kind: u8, value: []const u8 };

/// The kind's number and the value as text.
fn described(slot: refold.Slot) Described {
    return .{
        .kind = switch (slot) {
            .null => 0,
            .bool => 1,
            .i64 => 2,
            .f64 => 3,
            .string => 4,
            .bytes => 5,
            .uuid => 6,
            .time => 7,
            .json => 8,
        },
        .value = switch (slot) {
            .null => "",
            .bool => |value| if (value) "true" else "false",
            .i64 => |value| printed("{d}", .{value}),
            .f64 => |value| printed("{x:0>16}", .{@as(u64, @bitCast(value))}),
            .string => |value| value,
            .bytes => |value| hex(value),
            .uuid => |value| printed("{s}", .{value.text()}),
            .time => |value| printed("{d}", .{value.unix_nanos}),
            .json => |value| value.text,
        },
    };
}

fn printed(comptime format: []const u8, args: anytype) []const u8 {
    return std.fmt.allocPrint(refold.scratch(), format, args) catch @panic("out of memory");
}

fn hex(bytes: []const u8) []const u8 {
    const text = refold.scratch().alloc(u8, 2 * bytes.len) catch @panic("out of memory");
    for (bytes, 0..) |byte, i| _ = std.fmt.bufPrint(text[2 * i ..][0..2], "{x:0>2}", .{byte}) catch unreachable;
    return text;
}

comptime {
    refold.keyed(Mirror, .{ .name = "mirror", .key = "key", .events = &.{ "mirrored", "commanded" } });
}
