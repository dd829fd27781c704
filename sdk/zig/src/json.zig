//! JSON, as much of it as events, states and rows need: `Value` looks at a text in
//! place, `Reader` reads it once from front to back, `Writer`, `Object` and `Array`
//! write. Types are read and written by what they are made of; one that has another
//! form declares
//!
//!     pub fn readJson(from: *refold.json.Reader) refold.json.Error!T
//!     pub fn writeJson(self: T, to: *refold.json.Writer) void
//!
//! and, to be a row or a part of one, `fillJson(self: T, to: *refold.json.Object) void`.

pub const Array = @import("json/write.zig").Array;
pub const Error = @import("reason.zig").Rejected;
pub const Kind = @import("json/reader.zig").Kind;
pub const Object = @import("json/write.zig").Object;
pub const Reader = @import("json/reader.zig").Reader;
pub const Value = @import("json/value.zig").Value;
pub const Writer = @import("json/write.zig").Writer;

pub const read = @import("json/read.zig").read;
pub const readNext = @import("json/read.zig").readNext;
pub const text = @import("json/write.zig").text;
pub const writeObject = @import("json/write.zig").writeObject;

test {
    _ = @import("json/number.zig");
    _ = @import("json/read.zig");
    _ = @import("json/reader.zig");
    _ = @import("json/value.zig");
    _ = @import("json/write.zig");
}
