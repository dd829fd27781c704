//! Counts commits by author, in its own memory. Its answers equal those of the Go
//! version, byte for byte.

const refold = @import("refold");
pub const panic = refold.panic;

const Event = refold.Event(struct { author: []const u8 = "" });

/// The resident state: the host saves it with the whole instance.
const Commits = struct {
    by_author: refold.Map(i64) = .{},

    pub fn fold(self: *Commits, event: Event, _: *refold.Effects) !void {
        const fields = try event.fields();
        self.by_author.at(fields.author, 0).* += 1;
    }

    pub fn query(self: *const Commits, _: []const u8, answer: *refold.json.Writer) !void {
        answer.value(self.by_author);
    }
};

comptime {
    refold.resident(Commits, .{ .name = "commits_by_author", .version = "1.0.0", .events = &.{"commit_recorded"} });
}
