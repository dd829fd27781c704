const std = @import("std");
const Buffer = @import("buffer.zig").Buffer;
const frame = @import("frame.zig");
const host = @import("host.zig");
const json = @import("json.zig");
const memory = @import("memory.zig");
const Level = host.Level;

const header = 48;
const record = 48;

/// Kinds of effects, as the ABI numbers them.
const Kind = struct {
    const insert = 1;
    const update = 2;
    const delete = 3;
    const query = 4;
    const log = 5;
    const emit_event = 6;
};

/// Collects what a fold asks for. The host carries effects out, in the order of
/// their events. Everything handed over is copied.
///
/// Rows and other objects are structs, anonymous ones among them, or anything else
/// that `json.Object.fill` takes.
pub const Effects = struct {
    result: Buffer = .{}, // header, then effect records
    groups: Buffer = .{}, // group results; a state's offset counts from the states' start
    states: Buffer = .{},
    cause: u32 = 0,
    count: u32 = 0,
    removes_state: bool = false, // asked for by the event begun last

    /// Writes a whole row: creates it, or replaces the row with the same primary
    /// key.
    pub fn insert(self: *Effects, table: []const u8, row: anytype) void {
        self.object(Kind.insert, table, "", row);
    }

    /// Changes some columns of the row with a primary key; a row that does not
    /// exist is left so. A key of several columns is a JSON array of their values.
    pub fn update(self: *Effects, table: []const u8, key: []const u8, columns: anytype) void {
        self.object(Kind.update, table, key, columns);
    }

    /// Removes the row with a primary key; a row that does not exist is no error.
    pub fn delete(self: *Effects, table: []const u8, key: []const u8) void {
        self.close(self.open(Kind.delete, 0, table, key));
    }

    /// Asks for a read whose answer becomes an event.
    pub fn query(self: *Effects, text: []const u8, parameters: anytype) void {
        self.object(Kind.query, text, "", parameters);
    }

    /// Writes a line to the operator's log, as an effect: once for each event,
    /// whatever is retried. `refold.print` is for debugging.
    pub fn log(self: *Effects, level: Level, comptime format: []const u8, args: anytype) void {
        const start = self.open(Kind.log, level.number(), "", "");
        self.result.append(std.fmt.allocPrint(memory.scratch(), format, args) catch memory.out());
        self.close(start);
    }

    /// Appends an event to the log.
    pub fn emitEvent(self: *Effects, event_type: []const u8, data: anytype) void {
        self.object(Kind.emit_event, event_type, "", data);
    }

    /// Removes the event's key and its state from a keyed projection, once the fold
    /// returns. The key's next event starts from the default state.
    pub fn removeState(self: *Effects) void {
        self.removes_state = true;
    }

    inline fn object(self: *Effects, kind: u16, name: []const u8, key: []const u8, value: anytype) void {
        const start = self.open(kind, 0, name, key);
        json.writeObject(&self.result, value);
        self.close(start);
    }

    /// Begins a record and writes all of it but what follows from the body.
    fn open(self: *Effects, kind: u16, level: u16, name: []const u8, key: []const u8) usize {
        const start = self.result.length;
        const words = [record / 4]u32{
            0,                                     @as(u32, level) << 16 | kind,
            self.cause,                            0,
            record,                                @intCast(name.len),
            @intCast(record + name.len),           @intCast(key.len),
            @intCast(record + name.len + key.len), 0,
            0,                                     0,
        };
        for (words) |word| self.result.pushWord(word);
        self.result.append(name);
        self.result.append(key);
        return start;
    }

    /// Ends the record at a place behind its body.
    fn close(self: *Effects, start: usize) void {
        const end = self.result.length;
        self.result.pad();
        self.result.setWord(start, @intCast(self.result.length - start));
        self.result.setWord(start + 36, @intCast(end - start - self.result.wordAt(start + 32)));
        self.count += 1;
    }

    // What follows is for the kit itself.

    /// Starts a batch.
    pub fn reset(self: *Effects) void {
        self.result.clear();
        self.groups.clear();
        self.states.clear();
        self.count = 0;
        for (self.result.extend(header)) |*b| b.* = 0;
    }

    /// Starts an event.
    pub inline fn begin(self: *Effects, event: u32) void {
        self.cause = event;
        self.removes_state = false;
        host.beginEvent(event);
    }

    /// A group's new state lies from a place on in the states.
    pub fn setGroup(self: *Effects, group: u32, start: usize) void {
        const length = self.states.length - start;
        self.states.pad();
        self.putGroup(.{ group, 1, @intCast(start), @intCast(length) });
    }

    pub fn removeGroup(self: *Effects, group: u32) void {
        self.putGroup(.{ group, 2, 0, 0 });
    }

    fn putGroup(self: *Effects, words: [4]u32) void {
        for (words) |word| self.groups.pushWord(word);
    }

    /// The result frame of a batch that was folded.
    pub fn finish(self: *Effects) []const u8 {
        const groups = self.result.length;
        const states = groups + self.groups.length;
        var at: usize = 0;
        while (at < self.groups.length) : (at += 16) {
            self.groups.setWord(at + 8, @intCast(self.groups.wordAt(at + 8) + states));
        }
        self.result.append(self.groups.written());
        self.result.append(self.states.written());
        self.result.setWord(16, @intCast(self.groups.length / 16));
        self.result.setWord(20, @intCast(groups));
        self.result.setWord(24, self.count);
        self.result.setWord(28, header);
        return self.headed(0);
    }

    /// The result frame of a batch with an event that cannot be folded.
    pub fn reject(self: *Effects, event: u32, why: []const u8) []const u8 {
        self.reset();
        self.result.append(why);
        self.result.setWord(32, event);
        self.result.setWord(36, header);
        self.result.setWord(40, @intCast(why.len));
        return self.headed(1);
    }

    fn headed(self: *Effects, status: u32) []const u8 {
        @memcpy(self.result.room[0..4], "RFR1");
        self.result.setWord(4, @intCast(self.result.length));
        self.result.setWord(8, 1);
        self.result.setWord(12, status);
        return self.result.written();
    }
};
