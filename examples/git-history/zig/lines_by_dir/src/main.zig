//! Sums added and deleted lines by directory, and keeps a row for each in the table
//! lines_by_dir. Its output equals that of the Go version, byte for byte.

const refold = @import("refold");
pub const panic = refold.panic;

/// The host decodes these: the guest parses no payload.
const Event = refold.Event(struct {
    additions: i64 = 0,
    deletions: i64 = 0,
});

/// The state of one directory.
const Totals = struct {
    additions: i64 = 0,
    deletions: i64 = 0,
    changes: i64 = 0,

    pub fn fold(self: *Totals, event: Event, out: *refold.Effects) !void {
        const fields = try event.fields();
        self.additions +%= fields.additions; // wraps, as in Go
        self.deletions +%= fields.deletions;
        self.changes += 1;
        out.insert("lines_by_dir", .{
            .dir = event.key,
            .additions = self.additions,
            .deletions = self.deletions,
            .changes = self.changes,
        });
    }
};

comptime {
    refold.keyed(Totals, .{
        .name = "lines_by_dir",
        .version = "1.0.0",
        .key = "dir",
        .events = &.{ "file_added", "file_modified", "file_deleted" },
    });
}
