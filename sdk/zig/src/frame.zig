//! Batch frames, read in place. A guest may trust a batch: offsets are not
//! checked, and texts are UTF-8.

const std = @import("std");

/// A place in a frame.
pub const Place = [*]const u8;

pub inline fn word(at: Place, offset: usize) u32 {
    return std.mem.littleToNative(u32, @as(*align(1) const u32, @ptrCast(at + offset)).*);
}

pub inline fn long(at: Place, offset: usize) u64 {
    return std.mem.littleToNative(u64, @as(*align(1) const u64, @ptrCast(at + offset)).*);
}

pub inline fn id(at: Place, offset: usize) [16]u8 {
    return (at + offset)[0..16].*;
}

/// What the offset and the length at a field refer to, from a place.
pub inline fn reference(at: Place, field: usize) []const u8 {
    const length = word(at, field + 4);
    return if (length == 0) "" else (at + word(at, field))[0..length];
}

/// A batch.
pub const Batch = struct {
    at: Place,

    const magic = "RFB1";
    const header = 64;

    /// Panics on what is no batch of this version: that is the host's fault.
    pub fn open(input: []const u8) Batch {
        if (input.len < header or !std.mem.eql(u8, input[0..4], magic)) @panic("refold: the input is no batch frame");
        if (word(input.ptr, 8) & 0xffff != 1) @panic("refold: the batch frame is of another version");
        if (word(input.ptr, 4) > input.len) @panic("refold: the batch frame is cut off");
        return .{ .at = input.ptr };
    }

    pub inline fn events(self: Batch) u32 {
        return word(self.at, 12);
    }

    pub inline fn groups(self: Batch) u32 {
        return word(self.at, 16);
    }

    pub inline fn slots(self: Batch) u32 {
        return word(self.at, 48);
    }

    pub inline fn group(self: Batch, index: u32) Group {
        return .{ .batch = self, .at = self.at + word(self.at, 20) + 32 * @as(usize, index) };
    }

    pub inline fn eventType(self: Batch, index: u32) []const u8 {
        return reference(self.at, word(self.at, 28) + 8 * @as(usize, index));
    }

    pub inline fn aggregateType(self: Batch, index: u32) []const u8 {
        return reference(self.at, word(self.at, 36) + 8 * @as(usize, index));
    }

    /// What the offset and the length at a place refer to.
    inline fn referred(self: Batch, at: Place) []const u8 {
        const length = word(at, 4);
        return if (length == 0) "" else (self.at + word(at, 0))[0..length];
    }
};

/// A group of a batch: a key, its prior state and its events.
pub const Group = struct {
    batch: Batch,
    at: Place,

    /// Empty for the unkeyed group.
    pub inline fn key(self: Group) []const u8 {
        return if (word(self.at, 16) & 2 == 0) "" else self.batch.referred(self.at);
    }

    pub inline fn state(self: Group) ?[]const u8 {
        return if (word(self.at, 16) & 1 == 0) null else self.batch.referred(self.at + 8);
    }

    pub inline fn firstEvent(self: Group) u32 {
        return word(self.at, 20);
    }

    pub inline fn eventCount(self: Group) u32 {
        return word(self.at, 24);
    }

    pub inline fn events(self: Group) Events {
        const next = Record{ .batch = self.batch, .at = self.batch.at + word(self.at, 28), .index = self.firstEvent(), .key = self.key() };
        return .{ .next_record = next, .end = next.index + self.eventCount() };
    }
};

/// An event's record.
pub const Record = struct {
    batch: Batch,
    at: Place,
    /// In the batch.
    index: u32,
    /// Of the group.
    key: []const u8,
};

/// The events of a group, in the order of the log.
pub const Events = struct {
    next_record: Record,
    end: u32,

    pub inline fn next(self: *Events) ?Record {
        const record = self.next_record;
        if (record.index == self.end) return null;
        self.next_record.index = record.index + 1;
        self.next_record.at = record.at + word(record.at, 0);
        return record;
    }
};
