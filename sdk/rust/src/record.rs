/// Makes a struct that is read from a JSON object and written as one: a state, a
/// payload, a row.
///
/// ```
/// refold::record! {
///     #[derive(Debug, PartialEq)]
///     pub struct Totals {
///         pub additions: i64,
///         pub limit: i64 = 100,
///         pub last: Option<String>,
///     }
/// }
/// let totals: Totals = refold::json::Value::parse(r#"{"additions":3}"#).unwrap().read().unwrap();
/// assert_eq!(refold::json::to_string(&totals), r#"{"additions":3,"limit":100,"last":null}"#);
/// assert_eq!(Totals::default().limit, 100);
/// ```
///
/// A field's name is its name in JSON; write `r#type` for `type`. A field that
/// the JSON lacks is an error, unless it has a default or is an `Option`. Names
/// that the struct lacks are passed over. `Default` is the fields' defaults.
#[macro_export]
macro_rules! record {
    (
        $(#[$meta:meta])*
        $visible:vis struct $record:ident {
            $($(#[$field_meta:meta])* $field_visible:vis $field:ident : $type:ty $(= $default:expr)?),* $(,)?
        }
    ) => {
        $(#[$meta])*
        $visible struct $record {
            $($(#[$field_meta])* $field_visible $field: $type),*
        }

        impl ::core::default::Default for $record {
            fn default() -> Self {
                $record { $($field: $crate::record!(@default $($default)?)),* }
            }
        }

        impl $crate::json::Fill for $record {
            #[inline]
            fn fill(&self, object: &mut $crate::json::Object<'_>) {
                $(object.set($crate::json::name(stringify!($field)), &self.$field);)*
            }
        }

        impl $crate::json::ToJson for $record {
            #[inline]
            fn write(&self, to: &mut $crate::alloc::vec::Vec<u8>) {
                $crate::json::Object::write(to, |object| $crate::json::Fill::fill(self, object));
            }
        }

        impl $crate::json::FromJson for $record {
            fn read(from: &mut $crate::json::Reader<'_>) -> ::core::result::Result<Self, $crate::json::Error> {
                $(let mut $field: ::core::option::Option<$type> = ::core::option::Option::None;)*
                from.object(|name, from| {
                    $(if name == $crate::json::name(stringify!($field)) {
                        $field = ::core::option::Option::Some($crate::json::FromJson::read(from)?);
                        return ::core::result::Result::Ok(());
                    })*
                    from.skip().map(|_| ())
                })?;
                ::core::result::Result::Ok($record {
                    $($field: match $field {
                        ::core::option::Option::Some(value) => value,
                        ::core::option::Option::None => $crate::record!(@absent $field $($default)?),
                    }),*
                })
            }
        }
    };
    (@default) => { ::core::default::Default::default() };
    (@default $default:expr) => { $default };
    (@absent $field:ident) => { $crate::json::missing($crate::json::name(stringify!($field)))? };
    (@absent $field:ident $default:expr) => { $default };
}
