const std = @import("std");

const digits = "0123456789abcdef";

/// A UUID: its 16 bytes, in the order of its text.
pub const Uuid = struct {
    bytes: [16]u8,

    /// Reads the 36-character form, in digits of either case.
    pub fn parse(string: []const u8) ?Uuid {
        if (string.len != 36) return null;
        var id: Uuid = undefined;
        var at: usize = 0;
        for (&id.bytes) |*byte| {
            if (dashBefore(at)) {
                if (string[at] != '-') return null;
                at += 1;
            }
            const high = std.fmt.charToDigit(string[at], 16) catch return null;
            const low = std.fmt.charToDigit(string[at + 1], 16) catch return null;
            byte.* = high << 4 | low;
            at += 2;
        }
        return id;
    }

    /// The 36-character form, in lower case.
    pub fn text(self: Uuid) [36]u8 {
        var to: [36]u8 = undefined;
        var at: usize = 0;
        for (self.bytes) |byte| {
            if (dashBefore(at)) {
                to[at] = '-';
                at += 1;
            }
            to[at] = digits[byte >> 4];
            to[at + 1] = digits[byte & 15];
            at += 2;
        }
        return to;
    }

    pub fn eql(self: Uuid, other: Uuid) bool {
        return std.mem.eql(u8, &self.bytes, &other.bytes);
    }

    fn dashBefore(at: usize) bool {
        return at == 8 or at == 13 or at == 18 or at == 23;
    }
};

test "texts" {
    const text = "0190a1b2-c3d4-7e5f-8000-00ffab10cd32";
    try std.testing.expectEqualStrings(text, &Uuid.parse(text).?.text());
    try std.testing.expect(Uuid.parse("0190A1B2-C3D4-7E5F-8000-00FFAB10CD32").?.eql(Uuid.parse(text).?));
    for ([_][]const u8{ "", text[1..], "0190a1b2xc3d4-7e5f-8000-00ffab10cd32", "0190a1b2-c3d4-7e5f-8000-00ffab10cd3g" }) |bad| {
        try std.testing.expectEqual(@as(?Uuid, null), Uuid.parse(bad));
    }
}
