// The Zig guest of the behaviour test of narrow values.

const narrow = @import("narrow.zig");
const functions = narrow.narrow;

var hundred: i32 = 100;

export fn run() i32 {
    return steps() catch 1;
}

fn steps() !i32 {
    const by: *volatile i32 = &hundred;
    const a: u8 = @truncate(@as(u32, @bitCast(by.* + 200)));
    const b: i8 = @truncate(by.* + 100);
    const c: u16 = @truncate(@as(u32, @bitCast(700 * by.*)));
    const d: i16 = @truncate(400 * by.*);
    const rights = narrow.Rights{ .read = true, .execute = true };
    const modes = narrow.Modes{ .two = true, .three = true };
    try functions.take(a, b, c, d, by.* == 100, 0x1f600, .blue, .middle, rights, modes, 0xe9, true).unwrap();
    functions.takeBare(a, true);
    const point = narrow.Point{ .color = .green, .x = -2 };
    try functions.takePoint(&point).unwrap();
    if (functions.giveU8() != 200) return 3;
    if (functions.giveS8() != -1) return 4;
    if (functions.giveU16() != 60000) return 5;
    if (functions.giveS16() != -30000) return 6;
    if (!try functions.giveBool(4).unwrap() or !try functions.giveBool(0x100).unwrap()) return 7;
    if (try functions.giveBool(0).unwrap()) return 7;
    if (functions.giveChar() != 0x1f600) return 8;
    if (functions.giveRights() != rights) return 11;
    if (functions.giveModes() != modes) return 12;
    const truths = try functions.giveTruths().unwrap();
    if (!truths.truth or !truths.other) return 13;
    try functions.fail(0).unwrap();
    if (functions.fail(2).unwrap() != error.Wrong) return 14;
    if (try functions.failWide(0).unwrap()) return 15;
    if (functions.failWide(2).unwrap() != error.Wrong) return 16;
    return 0;
}
