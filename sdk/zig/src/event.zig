const std = @import("std");
const frame = @import("frame.zig");
const json = @import("json.zig");
const reason = @import("reason.zig");
const reflect = @import("reflect.zig");
const slot_of = @import("slot.zig");
const Slot = slot_of.Slot;
const Time = @import("time.zig").Time;
const Uuid = @import("uuid.zig").Uuid;

/// The event that a fold is called with, and the payload fields that the projection
/// wants, which the host decodes: a struct with a member for each. A member's name
/// is the field's; `@"address.city"` descends into an object. A member with a
/// default, or of an optional type, may be absent or null.
///
///     const Event = refold.Event(struct { additions: i64, note: ?[]const u8 = null });
///
/// A projection that wants none takes `refold.Event(struct {})`. Texts are valid
/// until the batch is folded.
pub fn Event(comptime Fields: type) type {
    return struct {
        record: frame.Record,
        /// The key of a keyed projection, else empty.
        key: []const u8,

        const Self = @This();
        pub const RefoldFields = Fields;

        pub inline fn of(record: frame.Record) Self {
            return .{ .record = record, .key = record.key };
        }

        /// The payload fields. A rejection names a field that is not as it is
        /// declared, and says what it is instead.
        pub inline fn fields(self: Self) reason.Rejected!Fields {
            var values: Fields = undefined;
            inline for (comptime reflect.fields(Fields), 0..) |field, i| {
                const at = self.slotAt(i);
                const T = comptime bare(field.type);
                if (at.as(T)) |value| {
                    @field(values, field.name) = value;
                } else if (at == .null and comptime absent(field) != null) {
                    @field(values, field.name) = comptime absent(field).?;
                } else {
                    return lacking(field.name, at, comptime wanted(T));
                }
            }
            return values;
        }

        /// A field as the host decoded it, whatever it is: `event.slot(.additions)`.
        pub inline fn slot(self: Self, comptime field: std.meta.FieldEnum(Fields)) Slot {
            return self.slotAt(comptime for (reflect.names(Fields), 0..) |name, i| {
                if (std.mem.eql(u8, name, @tagName(field))) break i;
            } else unreachable);
        }

        inline fn slotAt(self: Self, i: usize) Slot {
            if (i >= self.record.batch.slots()) return .null;
            return Slot.read(self.record.at, frame.word(self.record.at, 108) + 16 * i);
        }

        /// The event as one of several types of events: a union(enum) whose members
        /// are named after the types and hold payloads, as `read` gives them, or an
        /// enum. An event of another type is rejected.
        pub fn as(self: Self, comptime Events: type) reason.Rejected!Events {
            const name = self.eventType();
            if (comptime reflect.kind(Events) == .@"enum") {
                return std.meta.stringToEnum(Events, name) orelse unknown(name, @typeName(Events));
            }
            inline for (comptime reflect.fields(Events)) |field| {
                if (std.mem.eql(u8, name, field.name)) {
                    return @unionInit(Events, field.name, if (field.type == void) {} else try self.read(field.type));
                }
            }
            return unknown(name, @typeName(Events));
        }

        /// The payload as a T: see `json.read`. A rejection names the event's type
        /// and the member. Reading a payload costs many times what a field costs.
        pub fn read(self: Self, comptime T: type) reason.Rejected!T {
            return json.read(T, self.data().text) catch |err| {
                reason.within(self.eventType());
                return err;
            };
        }

        /// The payload, a JSON object.
        pub inline fn data(self: Self) json.Value {
            return json.Value.trusted(frame.reference(self.record.at, 112));
        }

        /// The metadata, a JSON object, if there is some.
        pub inline fn metadata(self: Self) ?json.Value {
            if (frame.word(self.record.at, 4) & 2 == 0) return null;
            return json.Value.trusted(frame.reference(self.record.at, 120));
        }

        /// The event's type, such as `file_added`.
        pub inline fn eventType(self: Self) []const u8 {
            return self.record.batch.eventType(self.typeIndex());
        }

        /// The type's place among the projection's events.
        pub inline fn typeIndex(self: Self) u32 {
            return frame.word(self.record.at, 96);
        }

        /// The event's place in the whole log, from 1.
        pub inline fn position(self: Self) u64 {
            return frame.long(self.record.at, 8);
        }

        /// The event's place in its aggregate, from 1.
        pub inline fn version(self: Self) u64 {
            return frame.long(self.record.at, 16);
        }

        /// When the event happened.
        pub inline fn time(self: Self) Time {
            return .{ .unix_nanos = @bitCast(frame.long(self.record.at, 24)) };
        }

        /// The event's id.
        pub inline fn id(self: Self) Uuid {
            return .{ .bytes = frame.id(self.record.at, 32) };
        }

        /// The id of the event's aggregate.
        pub inline fn aggregateId(self: Self) Uuid {
            return .{ .bytes = frame.id(self.record.at, 48) };
        }

        /// The type of the event's aggregate.
        pub inline fn aggregateType(self: Self) []const u8 {
            return self.record.batch.aggregateType(frame.word(self.record.at, 100));
        }

        /// What ties together all events of one undertaking.
        pub inline fn correlationId(self: Self) Uuid {
            return .{ .bytes = frame.id(self.record.at, 64) };
        }

        /// The event or command that caused the event, if it has one.
        pub inline fn causationId(self: Self) ?Uuid {
            if (frame.word(self.record.at, 4) & 1 == 0) return null;
            return .{ .bytes = frame.id(self.record.at, 80) };
        }

        /// The version of the event type's fields.
        pub inline fn schemaVersion(self: Self) u32 {
            return frame.word(self.record.at, 104);
        }
    };
}

/// A member's type without its question mark.
pub fn bare(comptime T: type) type {
    return if (reflect.kind(T) == .optional) reflect.Child(T) else T;
}

/// What a member is where the field is not there; null if it must be.
fn absent(comptime field: reflect.Field) ?field.type {
    if (field.defaultValue()) |value| return value;
    return if (reflect.kind(field.type) == .optional) @as(field.type, null) else null;
}

/// What a field is to be, for people.
fn wanted(comptime T: type) []const u8 {
    return switch (slot_of.declared(T)) {
        .i64, .f64 => @typeName(T),
        .string => if (reflect.kind(T) == .@"enum") "one of " ++ @typeName(T) else "string",
        else => |declared| @tagName(declared),
    };
}

fn lacking(name: []const u8, is: Slot, want: []const u8) reason.Rejected {
    return switch (is) {
        .i64 => |value| reason.reject("the field {s} is the i64 {d}, not {s}", .{ name, value, want }),
        .string => |value| reason.reject("the field {s} is the string \"{s}\", not {s}", .{ name, reason.cut(value), want }),
        else => reason.reject("the field {s} is {s}, not {s}", .{ name, is.described(), want }),
    };
}

fn unknown(name: []const u8, wants: []const u8) reason.Rejected {
    return reason.reject("events of type {s} are none of {s}", .{ reason.cut(name), wants });
}

/// The event types of a union(enum) or an enum, for a projection's `events`.
pub fn names(comptime Events: type) []const []const u8 {
    comptime {
        var list: []const []const u8 = &.{};
        for (reflect.names(Events)) |name| list = list ++ [_][]const u8{name};
        return list;
    }
}
