//! Counts commits by author, in its own memory. Its answers equal those of the Go
//! version, byte for byte.

use std::collections::BTreeMap;

use refold::{json, Effects, Event, Fields, Names, Reject, Resident};

refold::fields! {
    AUTHOR: str = "author",
}

/// The resident state: the host saves it with the whole instance. It is sorted by
/// author.
#[derive(Default)]
pub struct Commits(BTreeMap<String, i64>);

impl Resident for Commits {
    const NAME: &'static str = "commits_by_author";
    const VERSION: &'static str = "1.0.0";
    const EVENTS: Names = &["commit_recorded"];
    const FIELDS: Fields = FIELDS;

    fn fold(&mut self, event: &Event<'_>, _: &mut Effects) -> Result<(), Reject> {
        let author = AUTHOR.of(event);
        match self.0.get_mut(author) {
            Some(commits) => *commits += 1,
            None => {
                self.0.insert(author.into(), 1);
            }
        }
        Ok(())
    }

    fn query(&self, _: &str) -> Result<String, Reject> {
        Ok(json::to_string(&self.0))
    }
}

refold::export!(Commits as Resident);
