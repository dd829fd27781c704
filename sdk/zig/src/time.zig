const std = @import("std");

const second: i64 = 1_000_000_000;

/// A time: Unix nanoseconds. Its text is RFC 3339 in UTC.
pub const Time = struct {
    unix_nanos: i64 = 0,

    pub const Date = struct { year: i32, month: u8, day: u8 };

    /// Year, month and day, in UTC.
    pub fn date(self: Time) Date {
        // Days are counted from 1 March of a year 0, in eras of 400 years.
        const days = @divFloor(self.unix_nanos, 86_400 * second) + 719_468;
        const era = @divFloor(days, 146_097);
        const of_era = @mod(days, 146_097);
        const year = @divTrunc(of_era - @divTrunc(of_era, 1_460) + @divTrunc(of_era, 36_524) - @divTrunc(of_era, 146_096), 365);
        const of_year = of_era - (365 * year + @divTrunc(year, 4) - @divTrunc(year, 100));
        const month = @divTrunc(5 * of_year + 2, 153);
        const later: i64 = if (month < 10) 0 else 1;
        return .{
            .year = @intCast(year + era * 400 + later),
            .month = @intCast(if (month < 10) month + 3 else month - 9),
            .day = @intCast(of_year - @divTrunc(153 * month + 2, 5) + 1),
        };
    }

    /// Reads RFC 3339; what does not fit 64 bits of nanoseconds is none.
    pub fn parse(string: []const u8) ?Time {
        const t = string;
        if (t.len < 20 or t[4] != '-' or t[7] != '-' or t[10] != 'T' or t[13] != ':' or t[16] != ':') return null;
        const year = number(t[0..4]) orelse return null;
        const month = number(t[5..7]) orelse return null;
        const day = number(t[8..10]) orelse return null;
        const hour = number(t[11..13]) orelse return null;
        const minute = number(t[14..16]) orelse return null;
        const seconds = number(t[17..19]) orelse return null;
        if (hour > 23 or minute > 59 or seconds > 59 or month < 1 or month > 12 or day < 1 or day > daysOf(year, month)) return null;
        var nanos: i64 = 0;
        const zone = fraction(t, &nanos) orelse return null;
        const days = daysBefore(year, month) + day - 1;
        const all = days * 86_400 + hour * 3600 + minute * 60 + seconds - (offset(zone) orelse return null);
        return .{ .unix_nanos = std.math.cast(i64, @as(i128, all) * second + nanos) orelse return null };
    }

    /// The longest text that a time has.
    pub const Text = struct {
        bytes: [30]u8,
        length: usize,

        pub fn slice(self: *const Text) []const u8 {
            return self.bytes[0..self.length];
        }
    };

    /// RFC 3339 in UTC, with a fraction of a second where there is one.
    pub fn text(self: Time) Text {
        const d = self.date();
        const of_day: u64 = @intCast(@mod(@divFloor(self.unix_nanos, second), 86_400));
        var to = Text{ .bytes = "0000-00-00T00:00:00.000000000Z".*, .length = 19 };
        put(to.bytes[0..4], @intCast(d.year));
        put(to.bytes[5..7], d.month);
        put(to.bytes[8..10], d.day);
        put(to.bytes[11..13], of_day / 3600);
        put(to.bytes[14..16], of_day / 60 % 60);
        put(to.bytes[17..19], of_day % 60);
        const nanos: u64 = @intCast(@mod(self.unix_nanos, second));
        if (nanos != 0) {
            put(to.bytes[20..29], nanos);
            to.length = 29;
            while (to.bytes[to.length - 1] == '0') to.length -= 1;
        }
        to.bytes[to.length] = 'Z';
        to.length += 1;
        return to;
    }
};

/// The number that all of these digits are.
fn number(digits: []const u8) ?i64 {
    var value: i64 = 0;
    for (digits) |c| {
        if (c < '0' or c > '9') return null;
        value = 10 * value + (c - '0');
    }
    return value;
}

/// Reads the nanoseconds behind the seconds, and returns the zone behind them.
fn fraction(t: []const u8, nanos: *i64) ?[]const u8 {
    if (t[19] != '.') return t[19..];
    var at: usize = 20;
    var unit = second;
    while (at < t.len and t[at] >= '0' and t[at] <= '9') : (at += 1) {
        unit = @divTrunc(unit, 10);
        nanos.* += (t[at] - '0') * unit;
    }
    return if (at > 20) t[at..] else null;
}

/// The seconds of a zone: `Z`, `+hh:mm` or `-hh:mm`.
fn offset(zone: []const u8) ?i64 {
    if (std.mem.eql(u8, zone, "Z")) return 0;
    if (zone.len != 6 or zone[3] != ':' or (zone[0] != '+' and zone[0] != '-')) return null;
    const hours = number(zone[1..3]) orelse return null;
    const minutes = number(zone[4..6]) orelse return null;
    if (hours > 23 or minutes > 59) return null;
    const seconds = hours * 3600 + minutes * 60;
    return if (zone[0] == '-') -seconds else seconds;
}

fn daysOf(year: i64, month: i64) i64 {
    const leap = @mod(year, 4) == 0 and (@mod(year, 100) != 0 or @mod(year, 400) == 0);
    return switch (month) {
        4, 6, 9, 11 => 30,
        2 => if (leap) 29 else 28,
        else => 31,
    };
}

/// The days from 1970 to the month's first.
fn daysBefore(of_year: i64, of_month: i64) i64 {
    const year = if (of_month > 2) of_year else of_year - 1;
    const month = if (of_month > 2) of_month - 3 else of_month + 9;
    const era = @divFloor(year, 400);
    const y = @mod(year, 400);
    return era * 146_097 + y * 365 + @divTrunc(y, 4) - @divTrunc(y, 100) + @divTrunc(153 * month + 2, 5) - 719_468;
}

fn put(to: []u8, value: u64) void {
    var rest = value;
    var at = to.len;
    while (at > 0) {
        at -= 1;
        to[at] = @intCast('0' + rest % 10);
        rest /= 10;
    }
}

test "texts" {
    inline for (.{
        .{ 0, "1970-01-01T00:00:00Z" },
        .{ 1_700_000_000_123_456_789, "2023-11-14T22:13:20.123456789Z" },
        .{ 951_782_400_500_000_000, "2000-02-29T00:00:00.5Z" },
        .{ -1, "1969-12-31T23:59:59.999999999Z" },
        .{ std.math.minInt(i64), "1677-09-21T00:12:43.145224192Z" },
        .{ std.math.maxInt(i64), "2262-04-11T23:47:16.854775807Z" },
    }) |case| {
        try std.testing.expectEqualStrings(case[1], (Time{ .unix_nanos = case[0] }).text().slice());
        try std.testing.expectEqual(@as(i64, case[0]), Time.parse(case[1]).?.unix_nanos);
    }
    try std.testing.expectEqual(@as(i64, 1_700_000_000_500_000_000), Time.parse("2023-11-14T23:13:20.5+01:00").?.unix_nanos);
    for ([_][]const u8{
        "",                     "2023-11-14",          "2023-02-29T00:00:00Z",  "2300-01-01T00:00:00Z", "2023-11-14T24:00:00Z",
        "2023-11-14T22:13:20x", "2023-11-14T22:13:20", "2023-11-14T22:13:20.Z", "2023-13-14T22:13:20Z", "2023-11-14 22:13:20Z",
    }) |bad| try std.testing.expectEqual(@as(?Time, null), Time.parse(bad));
}
