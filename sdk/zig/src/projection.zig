const std = @import("std");
const abi = @import("abi.zig");
const host = @import("host.zig");
const reflect = @import("reflect.zig");

/// What a projection says of itself. Its fields are those of its fold's `Event`.
pub const Options = struct {
    name: []const u8,
    /// For people.
    version: []const u8 = "",
    /// The payload field to key a keyed projection by, a path; empty: the
    /// aggregate's id.
    key: []const u8 = "",
    /// The event types that it wants; none means all. See `refold.names`.
    events: []const []const u8 = &.{},
};

/// Makes a module of a projection with a state for each key, which the host keeps:
///
///     comptime {
///         refold.keyed(Totals, .{ .name = "lines_by_dir", .key = "dir" });
///     }
///
/// `State` is a struct whose members have defaults, with
///
///     pub fn fold(self: *State, event: Event, out: *refold.Effects) !void
///
/// It is kept as JSON, as `json.read` says, unless it declares its own form:
///
///     pub fn load(text: []const u8) !State
///     pub fn save(self: *const State, to: *refold.json.Writer) void
pub fn keyed(comptime State: type, comptime options: Options) void {
    makeModule(.keyed, State, options);
}

/// Makes a module of a projection whose state is in the guest's own memory, which
/// the host saves with the whole instance. `State` is as for `keyed`, and may answer
/// reads with JSON; an empty query asks for everything, and the same state must give
/// the same text:
///
///     pub fn query(self: *const State, text: []const u8, answer: *refold.json.Writer) !void
pub fn resident(comptime State: type, comptime options: Options) void {
    makeModule(.resident, State, options);
}

/// Makes a module of a projection without state. `Projection` has
///
///     pub fn fold(event: Event, out: *refold.Effects) !void
pub fn stateless(comptime Projection: type, comptime options: Options) void {
    makeModule(.stateless, Projection, options);
}

/// Kinds of state.
pub const Kind = enum { keyed, resident, stateless };

fn makeModule(comptime kind: Kind, comptime Projection: type, comptime options: Options) void {
    check(kind, Projection, options);
    if (!host.is_guest) return; // a test
    if (!@hasDecl(@import("root"), "panic")) {
        @compileError("refold: the root file lacks a line: pub const panic = refold.panic;");
    }
    const Module = abi.Module(kind, Projection, options);
    _ = abi.Exports(Module);
    if (kind == .resident and reflect.has(Projection, "query")) _ = abi.QueryExport(Module);
}

fn check(comptime kind: Kind, comptime Projection: type, comptime options: Options) void {
    const name = @typeName(Projection);
    if (options.name.len == 0) @compileError("refold: the projection has no name");
    if (options.key.len > 0 and kind != .keyed) @compileError("refold: only a keyed projection has a key");
    if (!reflect.has(Projection, "fold")) @compileError("refold: " ++ name ++ " has no pub fn fold");
    if (kind == .stateless) return;
    for (reflect.fields(Projection)) |field| {
        if (field.defaultValue() == null) @compileError("refold: " ++ name ++ "." ++ field.name ++ " needs a default: a state begins with them");
    }
}

/// The type of events that a fold takes.
pub fn EventOf(comptime kind: Kind, comptime Projection: type) type {
    const parameters = reflect.fields(std.meta.ArgsTuple(@TypeOf(Projection.fold)));
    const place = if (kind == .stateless) 0 else 1;
    if (parameters.len != place + 2 or !reflect.has(parameters[place].type, "RefoldFields")) {
        const self = if (kind == .stateless) "" else "self: *State, ";
        @compileError("refold: " ++ @typeName(Projection) ++ ".fold is not fn (" ++ self ++ "event: refold.Event(…), out: *refold.Effects) !void");
    }
    return parameters[place].type;
}
