const std = @import("std");

/// An integer that is not negative and has less than 1,280 bits, which all halves
/// of distances between f64s, and those times ten, are as a fraction's parts: its
/// words of 32 bits, the lowest first, without zeros at the end.
pub const BigNumber = struct {
    words: [40]u32 = undefined,
    length: usize = 0,

    pub fn of(value: u64) BigNumber {
        var number = BigNumber{};
        var rest = value;
        while (rest != 0) : (rest >>= 32) number.push(@truncate(rest));
        return number;
    }

    fn push(self: *BigNumber, word: u32) void {
        self.words[self.length] = word;
        self.length += 1;
    }

    pub fn times(self: *BigNumber, factor: u32) void {
        var carry: u64 = 0;
        for (self.words[0..self.length]) |*word| {
            carry += @as(u64, word.*) * factor;
            word.* = @truncate(carry);
            carry >>= 32;
        }
        if (carry != 0) self.push(@truncate(carry));
    }

    pub fn timesPowerOfTen(self: *BigNumber, power: u32) void {
        var left = power;
        while (left >= 9) : (left -= 9) self.times(1_000_000_000);
        while (left > 0) : (left -= 1) self.times(10);
    }

    /// Multiplies by 2^bits.
    pub fn shift(self: *BigNumber, bits: u32) void {
        self.times(@as(u32, 1) << @intCast(bits & 31));
        const whole = bits >> 5;
        if (self.length == 0 or whole == 0) return;
        var i = self.length;
        while (i > 0) {
            i -= 1;
            self.words[i + whole] = self.words[i];
        }
        for (self.words[0..whole]) |*word| word.* = 0;
        self.length += whole;
    }

    pub fn compare(self: *const BigNumber, other: BigNumber) std.math.Order {
        if (self.length != other.length) return std.math.order(self.length, other.length);
        var i = self.length;
        while (i > 0) {
            i -= 1;
            if (self.words[i] != other.words[i]) return std.math.order(self.words[i], other.words[i]);
        }
        return .eq;
    }

    pub fn plus(self: *const BigNumber, other: BigNumber) BigNumber {
        var sum = BigNumber{};
        var carry: u64 = 0;
        for (0..@max(self.length, other.length)) |i| {
            if (i < self.length) carry += self.words[i];
            if (i < other.length) carry += other.words[i];
            sum.push(@truncate(carry));
            carry >>= 32;
        }
        if (carry != 0) sum.push(@truncate(carry));
        return sum;
    }

    /// Subtracts what is not larger.
    pub fn minus(self: *BigNumber, other: BigNumber) void {
        var borrow: i64 = 0;
        for (self.words[0..self.length], 0..) |*word, i| {
            borrow += @as(i64, word.*) - if (i < other.length) @as(i64, other.words[i]) else 0;
            word.* = @truncate(@as(u64, @bitCast(borrow)));
            borrow >>= 32;
        }
        while (self.length > 0 and self.words[self.length - 1] == 0) self.length -= 1;
    }
};
