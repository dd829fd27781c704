//! Where a guest's memory comes from.

const std = @import("std");
const host = @import("host.zig");

const permanent: std.mem.Allocator = if (host.is_guest) std.heap.wasm_allocator else std.heap.page_allocator;

var arena = std.heap.ArenaAllocator.init(permanent);
var state_is_kept_here = true;

/// For what belongs to the state. In a resident projection it lasts until you free
/// it; in a keyed one the host keeps the state, and the memory lasts until the
/// key's events are folded. In a stateless projection nothing outlives a fold.
pub fn allocator() std.mem.Allocator {
    return if (state_is_kept_here) permanent else arena.allocator();
}

/// For what is needed until the fold returns, or, in a keyed projection, until the
/// key's state is saved. There is no need to free it.
pub fn scratch() std.mem.Allocator {
    return arena.allocator();
}

/// For the kit's own buffers.
pub fn lasting() std.mem.Allocator {
    return permanent;
}

/// Says who keeps the state.
pub fn keepState(here: bool) void {
    state_is_kept_here = here;
}

/// Ends the life of what `scratch` has given.
pub fn forget() void {
    _ = arena.reset(.{ .retain_with_limit = 1 << 20 });
}

/// To be out of memory says nothing about the event, so it is no rejection.
pub fn out() noreturn {
    @panic("out of memory");
}
