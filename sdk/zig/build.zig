//! Offers the module `refold` to packages that depend on this one. Where no build
//! system is wanted, src/refold.zig is the module's root.

const std = @import("std");

pub fn build(b: *std.Build) void {
    _ = b.addModule("refold", .{ .root_source_file = b.path("src/refold.zig") });
    const tests = b.addTest(.{ .root_module = b.createModule(.{
        .root_source_file = b.path("src/refold.zig"),
        .target = b.standardTargetOptions(.{}),
    }) });
    b.step("test", "Test the kit").dependOn(&b.addRunArtifact(tests).step);
}
