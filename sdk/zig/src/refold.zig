//! The kit for Refold projections in Zig: pure folds over events, compiled to
//! WebAssembly.
//!
//!     const refold = @import("refold");
//!     pub const panic = refold.panic;
//!
//!     const Event = refold.Event(struct { additions: i64 });
//!
//!     const Totals = struct {
//!         lines: i64 = 0,
//!
//!         pub fn fold(self: *Totals, event: Event, out: *refold.Effects) !void {
//!             const fields = try event.fields();
//!             self.lines +%= fields.additions;
//!             out.insert("lines_by_dir", .{ .dir = event.key, .lines = self.lines });
//!         }
//!     };
//!
//!     comptime {
//!         refold.keyed(Totals, .{ .name = "lines_by_dir", .key = "dir", .events = &.{"file_added"} });
//!     }
//!
//! A projection is its state: the host keeps one for each key of a `keyed` one, a
//! `resident` one has it in the guest's memory, a `stateless` one has none. `Event`
//! is what a fold reads, `Effects` what it asks for.
//!
//! Invariants:
//!
//!  1. A module holds one projection.
//!  2. A fold's error rejects the event: nothing of the batch counts. A panic goes to
//!     the plugin's log and ends the instance, and so does being out of memory.
//!  3. A fold must give the same output for the same input: it has no clock and no
//!     randomness. The order of a hash table must not reach an effect, a state or an
//!     answer; a `Map` is written sorted.
//!  4. What differs between versions of Zig is in reflect.zig, host.zig and build.zig.
//!
//! Start reading at projection.zig; abi.zig is what the host calls.

pub const Bytes = @import("slot.zig").Bytes;
pub const Effects = @import("effects.zig").Effects;
pub const Event = @import("event.zig").Event;
pub const Level = @import("host.zig").Level;
pub const Map = @import("map.zig").Map;
pub const Options = @import("projection.zig").Options;
pub const Rejected = @import("reason.zig").Rejected;
pub const Slot = @import("slot.zig").Slot;
pub const Time = @import("time.zig").Time;
pub const Uuid = @import("uuid.zig").Uuid;
pub const json = @import("json.zig");

pub const allocator = @import("memory.zig").allocator;
pub const keyed = @import("projection.zig").keyed;
pub const names = @import("event.zig").names;
pub const panic = @import("host.zig").panic;
pub const print = @import("host.zig").print;
pub const reject = @import("reason.zig").reject;
pub const resident = @import("projection.zig").resident;
pub const scratch = @import("memory.zig").scratch;
pub const stateless = @import("projection.zig").stateless;

test {
    _ = @import("buffer.zig");
    _ = @import("json.zig");
    _ = @import("map.zig");
    _ = @import("reflect.zig");
    _ = @import("time.zig");
    _ = @import("uuid.zig");
}
