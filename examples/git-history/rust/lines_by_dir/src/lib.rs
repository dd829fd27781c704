//! Sums added and deleted lines by directory, and keeps a row for each in the
//! table lines_by_dir. Its output equals that of the Go version, byte for byte.

use refold::{Effects, Event, Fields, Keyed, Names, Reject};

// The host decodes these: the guest parses no payload.
refold::fields! {
    ADDITIONS: i64 = "additions",
    DELETIONS: i64 = "deletions",
}

refold::record! {
    /// The state of one directory.
    pub struct Totals {
        additions: i64,
        deletions: i64,
        changes: i64,
    }
}

impl Keyed for Totals {
    const NAME: &'static str = "lines_by_dir";
    const VERSION: &'static str = "1.0.0";
    const KEY: &'static str = "dir";
    const EVENTS: Names = &["file_added", "file_modified", "file_deleted"];
    const FIELDS: Fields = FIELDS;

    fn fold(&mut self, event: &Event<'_>, out: &mut Effects) -> Result<(), Reject> {
        self.additions += ADDITIONS.of(event);
        self.deletions += DELETIONS.of(event);
        self.changes += 1;
        out.insert("lines_by_dir", |row| {
            row.set("dir", event.key()).fill(self);
        });
        Ok(())
    }
}

refold::export!(Totals as Keyed);
