// The Zig guest of the behaviour test of the other dialect.

const std = @import("std");
const bindings = @import("dialect.zig");
const dialect = bindings.dialect;

export fn run() i32 {
    return steps() catch 1;
}

fn steps() !i32 {
    const rights = bindings.Rights{ .read = true, .execute = true };
    const store = try dialect.open("grüße 😀", rights, .{ .b = true, .c = true }, true, .last).unwrap();
    if (@intFromEnum(store) != 7) return 2;
    const entry = bindings.Entry{
        .truth = 1,
        .kind = .loud,
        .rights = .{ .read = true, .write = true },
        .count = 0x0123456789abcdef,
        .name = .{ .ptr = "keys", .len = 4 },
        .last = 0,
    };
    const wide = bindings.Choice{ .tag = .wide, .payload = .{ .wide = 0xfedcba9876543210 } };
    const got = try dialect.put(store, &entry, &wide).unwrap();
    if (got.truth == 0 or got.kind != .last or got.rights != rights or got.last != 0) return 3;
    if (got.count != 0xfedcba9876543210) return 4;
    if (!std.mem.eql(u8, got.name.ptr.?[0..got.name.len], "key")) return 5;
    const second = bindings.Entry{
        .truth = 0,
        .kind = .last,
        .rights = .{ .execute = true },
        .count = 1,
        .name = .{ .ptr = "x", .len = 1 },
        .last = 1,
    };
    const yes = bindings.Choice{ .tag = .truth, .payload = .{ .truth = 1 } };
    _ = try dialect.put(store, &second, &yes).unwrap();
    if (dialect.put(@enumFromInt(8), &entry, &wide).unwrap() != error.Inval) return 6;
    if ((try dialect.choose(0).unwrap()).tag != .nothing) return 7;
    if ((try dialect.choose(1).unwrap()).payload.byte != 200) return 8;
    if ((try dialect.choose(2).unwrap()).payload.wide != 0x8000000000000001) return 9;
    const truth = try dialect.choose(3).unwrap();
    if (truth.tag != .truth or truth.payload.truth == 0) return 10;
    if (dialect.choose(4).unwrap() != error.Inval) return 11;
    var dst = [4]u8{ 9, 9, 9, 9 };
    const size = try dialect.copy(&.{ 1, 2, 255 }, &dst).unwrap();
    if (size != 3 or !std.mem.eql(u8, &dst, &.{ 2, 3, 0, 9 })) return 12;
    if (dialect.copy(&.{ 1, 2, 255 }, dst[0..2]).unwrap() != error.Inval) return 13;
    const job = bindings.Job{
        .id = 9,
        .src = .{ .ptr = &[_]u8{ 10, 20 }, .len = 2 },
        .dst = &dst,
        .dst_len = 3,
        .done = 1,
    };
    const done = try dialect.work(&job).unwrap();
    if (done.size != 3 or !done.truth) return 14;
    return if (std.mem.eql(u8, &dst, &.{ 0xee, 0xee, 0xee, 9 })) 0 else 15;
}
