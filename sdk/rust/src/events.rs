/// Makes an enum of event types, with or without their payloads.
///
/// ```
/// refold::record! { pub struct Added { pub dir: String, pub additions: i64 } }
///
/// refold::events! {
///     enum Change {
///         Added(Added) = "file_added",
///         Deleted = "file_deleted",
///     }
/// }
/// # const EVENTS: refold::Names = Change::NAMES;
/// ```
///
/// `Change::NAMES` goes into a projection's `EVENTS`, and `Change::of(event)?`
/// says which one an event is. It rejects an event of another type, and one whose
/// payload does not fit.
#[macro_export]
macro_rules! events {
    (
        $(#[$meta:meta])*
        $visible:vis enum $events:ident {
            $($(#[$event_meta:meta])* $event:ident $(($data:ty))? = $name:expr),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        $visible enum $events {
            $($(#[$event_meta])* $event $(($data))?),+
        }

        impl $events {
            /// The event types' names, in the order of the enum.
            $visible const NAMES: $crate::Names = &[$($name),+];

            /// Which event it is.
            #[inline]
            $visible fn of(event: &$crate::Event<'_>) -> ::core::result::Result<Self, $crate::Reject> {
                let name = event.event_type();
                $(if name == $name {
                    return ::core::result::Result::Ok($events::$event $((event.read::<$data>()?))?);
                })+
                $crate::reject!("events of type {} are none of {}", name, stringify!($events))
            }
        }
    };
}
