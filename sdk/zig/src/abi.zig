//! What the host calls.

const std = @import("std");
const Effects = @import("effects.zig").Effects;
const frame = @import("frame.zig");
const host = @import("host.zig");
const json = @import("json.zig");
const manifest = @import("manifest.zig");
const memory = @import("memory.zig");
const projection = @import("projection.zig");
const reason = @import("reason.zig");
const reflect = @import("reflect.zig");
const Buffer = @import("buffer.zig").Buffer;

/// The largest frame.
const max_frame = 64 << 20;

/// A module's one projection. WebAssembly calls it from one thread.
pub fn Module(comptime kind: projection.Kind, comptime Projection: type, comptime options: projection.Options) type {
    return struct {
        const Event = projection.EventOf(kind, Projection);
        const described = manifest.of(kind, options, Event.RefoldFields);
        const State = if (kind == .stateless) void else Projection;

        var state: State = if (kind == .resident) .{} else undefined; // of a resident projection
        var out = Effects{};
        var input: []u64 = &.{}; // 8-aligned
        var answer = Buffer{};

        fn describe() u64 {
            return span(described);
        }

        /// Room for the host's next input; null when memory is out.
        fn alloc(size: usize) ?[*]u64 {
            const words = size / 8 + 1;
            if (size > max_frame) return null;
            if (words > input.len) {
                const room = @max(words, 2 * input.len);
                memory.lasting().free(input);
                input = &.{};
                input = memory.lasting().alloc(u64, room) catch return null;
            }
            return input.ptr;
        }

        /// Folds a batch frame and returns the result frame.
        fn fold(at: [*]const u8, length: usize) u64 {
            const batch = frame.Batch.open(at[0..length]);
            memory.keepState(kind == .resident);
            out.reset();
            for (0..batch.groups()) |index| {
                const group = batch.group(@intCast(index));
                const folded: anyerror!void = if (kind == .keyed) foldKey(group, @intCast(index)) else foldAll(group);
                folded catch |err| {
                    const result = out.reject(out.cause, reason.of(err));
                    memory.forget();
                    return span(result);
                };
            }
            memory.forget();
            host.beginEvent(batch.events()); // what follows belongs to no event
            return span(out.finish());
        }

        fn foldAll(group: frame.Group) !void {
            var events = group.events();
            while (events.next()) |record| {
                begin(record.index);
                if (kind == .stateless) {
                    try attempt(Projection.fold(Event.of(record), &out));
                } else {
                    try attempt(state.fold(Event.of(record), &out));
                }
                if (out.removes_state) return reason.reject("removeState: the projection has no keyed state", .{});
                memory.forget();
            }
        }

        /// Folds the events of one key: its state is read once before them, and
        /// written once behind them.
        fn foldKey(group: frame.Group, index: u32) !void {
            if (group.eventCount() == 0) return;
            begin(group.firstEvent()); // reading the state is part of it
            var of_key = try load(group);
            var events = group.events();
            while (events.next()) |record| {
                if (record.index != group.firstEvent()) begin(record.index);
                try attempt(of_key.fold(Event.of(record), &out));
                if (out.removes_state) of_key = .{};
            }
            if (out.removes_state) {
                out.removeGroup(index);
            } else {
                const start = out.states.length;
                save(&of_key);
                out.setGroup(index, start);
            }
            memory.forget();
        }

        inline fn begin(event: u32) void {
            reason.forget();
            out.begin(event);
        }

        fn load(group: frame.Group) !State {
            const text = group.state() orelse return .{};
            const loaded: anyerror!State = if (comptime reflect.has(State, "load")) State.load(text) else json.read(State, text);
            return loaded catch |err| reason.reject("state of key {s}: {s}", .{ group.key(), reason.of(err) });
        }

        fn save(of_key: *const State) void {
            var to = json.Writer{ .to = &out.states };
            if (comptime reflect.has(State, "save")) of_key.save(&to) else json.writeObject(to.to, of_key);
        }

        /// Answers a read of resident state. An empty answer refuses the query, and
        /// the log says why.
        fn query(at: [*]const u8, length: usize) u64 {
            memory.keepState(true);
            reason.forget();
            answer.clear();
            var to = json.Writer{ .to = &answer };
            const answered: anyerror!void = attempt(@as(*const State, &state).query(at[0..length], &to));
            answered catch |err| {
                host.printLine(.err, std.fmt.allocPrint(memory.scratch(), "query: {s}", .{reason.of(err)}) catch memory.out());
                answer.clear();
            };
            memory.forget();
            return span(answer.written());
        }
    };
}

/// What a function returns that may fail, or cannot.
inline fn attempt(result: anytype) anyerror!void {
    return result;
}

/// The functions that every module exports.
pub fn Exports(comptime M: type) type {
    return struct {
        export fn refold_abi_v1() void {}

        export fn refold_alloc(size: usize) ?[*]u64 {
            return M.alloc(size);
        }

        export fn refold_describe() u64 {
            return M.describe();
        }

        export fn refold_fold(at: [*]const u8, length: usize) u64 {
            return M.fold(at, length);
        }
    };
}

pub fn QueryExport(comptime M: type) type {
    return struct {
        export fn refold_query(at: [*]const u8, length: usize) u64 {
            return M.query(at, length);
        }
    };
}

/// A span as the host wants it.
fn span(bytes: []const u8) u64 {
    return @as(u64, @intFromPtr(bytes.ptr)) << 32 | bytes.len;
}
