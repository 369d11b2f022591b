// The Zig guest of the behaviour test of the kinds of types.

const std = @import("std");
const bindings = @import("kinds.zig");
const kinds = bindings.kinds;

const text align(2) = [4]u8{ 't', 'e', 'x', 't' };

export fn run() i32 {
    return steps() catch 1;
}

fn steps() !i32 {
    const at: bindings.Text = &text;
    const both = bindings.F64s{ .x = true, .y = true };
    const pair = bindings.Pair{ .f0 = 200, .f1 = (1 << 63) + 1 };
    const wide = bindings.V16{ .tag = .wide, .payload = .{ .wide = std.math.maxInt(u64) } };
    const narrow = bindings.V32{ .tag = .narrow, .payload = .{ .narrow = 255 } };
    const y = bindings.F32s{ .y = true };
    try kinds.arguments(at, .b, .b, 0.5, y, both, -2, -3, &pair, 4000000000, &wide, &narrow).unwrap();

    const got = try kinds.outs(false).unwrap();
    if (got.letter != '😀' or got.byte_letter != 0xe9 or got.text != at) return 2;
    if (got.e16 != .b or got.e32 != .b or got.e64 != .b or got.real32 != -1.5) return 3;
    if (got.f8 != bindings.F8{ .y = true }) return 4;
    if (got.f32s != bindings.F32s{ .x = true, .y = true }) return 5;
    if (got.f64s != bindings.F64s{ .y = true }) return 6;
    if (kinds.outs(true).unwrap() != error.Inval) return 7;

    const more = try kinds.moreOuts().unwrap();
    if (!std.mem.eql(u16, more.numbers.ptr.?[0..more.numbers.len], &.{ 0x6574, 0x7478 })) return 8;
    if (@intFromPtr(more.room) != @intFromPtr(at)) return 9;
    if (more.int32 != std.math.minInt(i32) or more.int64 != -5) return 10;
    if (more.pair.f0 != 7 or more.pair.f1 != 8 or more.v16.tag != .none) return 11;
    if (more.v32.tag != .narrow or more.v32.payload.narrow != 9) return 12;

    const all = bindings.All{
        .letter = '😀',
        .byte_letter = 0xe9,
        .tiny = -100,
        .text = at,
        .e16 = .b,
        .e32 = .b,
        .e64 = .b,
        .real32 = 0.5,
        .f16_ = .{ .x = true, .y = true },
        .f32s = y,
        .f64s = both,
        .thing = @enumFromInt(std.math.maxInt(u32)),
        .int32 = -2,
        .natural32 = 4000000000,
        .pair = pair,
        .v16 = wide,
        .v32 = narrow,
    };
    const back = try kinds.inside(&all).unwrap();
    if (back.letter != '😀' or back.byte_letter != 0xe9 or back.tiny != -100) return 13;
    if (back.text != at or back.e16 != .b or back.e32 != .b or back.e64 != .b) return 14;
    if (back.real32 != 0.5 or back.f16_ != all.f16_ or back.f32s != all.f32s) return 15;
    if (back.f64s != both or back.thing != all.thing or back.int32 != -2) return 16;
    if (back.natural32 != 4000000000 or back.pair.f0 != 200 or back.pair.f1 != pair.f1) return 17;
    if (back.v16.tag != .wide or back.v16.payload.wide != std.math.maxInt(u64)) return 18;
    if (back.v32.tag != .narrow or back.v32.payload.narrow != 255) return 19;

    if (kinds.giveByteLetter() != 0xe9) return 20;
    if (kinds.giveReal32() != 0.25 or kinds.giveReal64() != -0.1) return 21;
    if (kinds.giveF32s() != bindings.F32s{ .x = true, .y = true }) return 22;
    if (kinds.giveF64s() != bindings.F64s{ .y = true }) return 23;
    if (@intFromEnum(kinds.giveThing()) != std.math.maxInt(u32)) return 24;
    if (kinds.giveInt32() != -1 or kinds.giveInt64() != std.math.minInt(i64)) return 25;
    if (kinds.giveNatural32() != 0xfffffffe) return 26;
    if (kinds.giveNatural64() != std.math.maxInt(u64) - 1) return 27;
    if (kinds.giveSize() != 0xfffffffd) return 28;
    try kinds.check(false).unwrap();
    return if (kinds.check(true).unwrap() == error.Failed) 0 else 29;
}

export fn stop() void {
    kinds.leave(7);
}
