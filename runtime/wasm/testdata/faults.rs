//! faults panics.

use refold::{Effects, Event, Reject, Stateless};

struct Faults;

impl Stateless for Faults {
    const NAME: &'static str = "faults";

    fn fold(event: &Event<'_>, _: &mut Effects) -> Result<(), Reject> {
        nth(&[], event.position() as usize);
        Ok(())
    }
}

#[inline(never)]
fn nth(list: &[u64], n: usize) -> u64 {
    list[n]
}

refold::export!(Faults as Stateless);
