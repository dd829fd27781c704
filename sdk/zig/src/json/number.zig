//! Numbers as text, and back.

const std = @import("std");
const Buffer = @import("../buffer.zig").Buffer;
const BigNumber = @import("big_number.zig").BigNumber;

const pairs = blk: {
    var table: [200]u8 = undefined;
    for (0..100) |n| {
        table[2 * n] = '0' + n / 10;
        table[2 * n + 1] = '0' + n % 10;
    }
    break :blk table;
};

/// Appends an integer of at most 64 bits.
pub inline fn putInt(to: *Buffer, value: anytype) void {
    if (value < 0) {
        to.push('-');
        putUnsigned(to, 0 -% @as(u64, @bitCast(@as(i64, @intCast(value)))));
    } else {
        putUnsigned(to, @intCast(value));
    }
}

fn putUnsigned(to: *Buffer, value: u64) void {
    var digits: [20]u8 = undefined;
    var at: usize = 20;
    var rest = value;
    while (rest >= 10) {
        const pair: usize = @intCast(2 * (rest % 100));
        rest /= 100;
        at -= 2;
        digits[at] = pairs[pair];
        digits[at + 1] = pairs[pair + 1];
    }
    if (rest > 0 or at == 20) {
        at -= 1;
        digits[at] = @intCast('0' + rest);
    }
    if (digits[at] == '0' and at < 19) at += 1; // a pair that began with 0
    to.append(digits[at..]);
}

/// Appends the fewest digits that say which f64 it is, as JSON.stringify lays them
/// out: with an exponent below 1e-6 and from 1e21 on. What JSON has no number for
/// is null.
pub fn putFloat(to: *Buffer, value: f64) void {
    if (value != value or value - value != 0) return to.append("null");
    const bits: u64 = @bitCast(value);
    if (bits >> 63 == 1) to.push('-');
    const size: f64 = @bitCast(bits & (1 << 63) - 1);
    if (size < 1 << 53 and @floor(size) == size) return putUnsigned(to, @intFromFloat(size));
    var room: [20]u8 = undefined;
    const shortest = Decimal.of(bits & (1 << 63) - 1, &room);
    const digits = shortest.digits;
    const point = shortest.point;
    if (point > 21 or point < -5) {
        to.push(digits[0]);
        if (digits.len > 1) to.push('.');
        to.append(digits[1..]);
        to.append(if (point > 0) "e+" else "e-");
        putUnsigned(to, if (point > 0) @intCast(point - 1) else @intCast(1 - point));
    } else if (point <= 0) {
        to.append("0.");
        putZeros(to, @intCast(-point));
        to.append(digits);
    } else if (point >= digits.len) {
        to.append(digits);
        putZeros(to, @intCast(point - @as(i32, @intCast(digits.len))));
    } else {
        to.append(digits[0..@intCast(point)]);
        to.push('.');
        to.append(digits[@intCast(point)..]);
    }
}

fn putZeros(to: *Buffer, n: usize) void {
    for (to.extend(n)) |*c| c.* = '0';
}

/// 0.digits × 10^point.
const Decimal = struct {
    digits: []const u8,
    point: i32,

    /// The fewest digits between which and the value no other f64 lies, the closest
    /// of them. It is exact: the value is the fraction of two big numbers, and so
    /// are the halves of the distances to the next f64s.
    fn of(bits: u64, room: *[20]u8) Decimal {
        const field: i32 = @intCast(bits >> 52);
        const mantissa = (bits & (1 << 52) - 1) | @as(u64, if (field > 0) 1 << 52 else 0);
        const least: i32 = @max(field, 1);
        const exponent = least - 1075;
        const even = mantissa & 1 == 0;
        const wide: u32 = if (mantissa == 1 << 52 and field > 1) 1 else 0; // the next one below is half as far
        const up_shift: u32 = @intCast(@max(exponent, 0));
        const down_shift: u32 = @intCast(@max(-exponent, 0));
        var above = BigNumber.of(2 * mantissa); // value = above / below
        var below = BigNumber.of(2);
        var up = BigNumber.of(1);
        var down = BigNumber.of(1);
        above.shift(up_shift + wide);
        below.shift(down_shift + wide);
        up.shift(up_shift + wide);
        down.shift(up_shift);
        var point = estimate(exponent, mantissa);
        if (point >= 0) {
            below.timesPowerOfTen(@intCast(point));
        } else for ([_]*BigNumber{ &above, &up, &down }) |n| n.timesPowerOfTen(@intCast(-point));
        const reach = above.plus(up).compare(below);
        if (reach == .gt or reach == .eq and even) {
            point += 1;
        } else for ([_]*BigNumber{ &above, &up, &down }) |n| n.times(10);
        return .{ .digits = generate(&above, below, &up, &down, even, room), .point = point };
    }

    /// The place of the point, or one less.
    fn estimate(exponent: i32, mantissa: u64) i32 {
        const log2: f64 = @floatFromInt(exponent + 63 - @as(i32, @clz(mantissa)));
        return @intFromFloat(@ceil(log2 * 0.30102999566398114 - 1e-10));
    }

    fn generate(above: *BigNumber, below: BigNumber, up: *BigNumber, down: *BigNumber, even: bool, room: *[20]u8) []const u8 {
        var n: usize = 0;
        while (true) : (n += 1) {
            var digit: u8 = '0';
            while (above.compare(below) != .lt) : (digit += 1) above.minus(below);
            const low = above.compare(down.*);
            const high = above.plus(up.*).compare(below);
            const may_end = low == .lt or low == .eq and even;
            const may_round = high == .gt or high == .eq and even;
            if (may_end or may_round) {
                const half = above.plus(above.*).compare(below);
                if (may_round and (!may_end or half == .gt or half == .eq and digit & 1 == 1)) digit += 1;
                room[n] = digit;
                return room[0 .. n + 1];
            }
            room[n] = digit;
            for ([_]*BigNumber{ above, up, down }) |number| number.times(10);
        }
    }
};

/// Reads a JSON number: the f64 that is nearest to it; null if that is infinite.
pub fn float(text: []const u8) ?f64 {
    const value = std.fmt.parseFloat(f64, text) catch return null;
    return if (value - value == 0) value else null;
}

test "integers" {
    inline for (.{ 0, 1, 9, 10, 11, 99, 100, 101, 109, 110, 999, 1000, 1001, 10_000, -1, -10, std.math.minInt(i64), std.math.maxInt(u64) }) |n| {
        var to = Buffer{};
        putInt(&to, @as(i128, n));
        var room: [24]u8 = undefined;
        try std.testing.expectEqualStrings(try std.fmt.bufPrint(&room, "{d}", .{n}), to.written());
    }
}

test "floats" {
    for ([_]struct { f64, []const u8 }{
        .{ 0, "0" },                                            .{ -0.0, "-0" },       .{ 1, "1" },                    .{ -1.5, "-1.5" },
        .{ 0.1, "0.1" },                                        .{ 1e-6, "0.000001" }, .{ 1.5e-7, "1.5e-7" },          .{ 123456789, "123456789" },
        .{ 1e20, "100000000000000000000" },                     .{ 1e21, "1e+21" },    .{ 0.3, "0.3" },                .{ 1e23, "1e+23" },
        .{ 1.7976931348623157e308, "1.7976931348623157e+308" }, .{ 5e-324, "5e-324" }, .{ std.math.nan(f64), "null" }, .{ std.math.inf(f64), "null" },
    }) |case| {
        var to = Buffer{};
        putFloat(&to, case[0]);
        try std.testing.expectEqualStrings(case[1], to.written());
    }
}
