// The Zig guest of the behaviour test.

const std = @import("std");
const bindings = @import("echo.zig");
const echo = bindings.echo;

export fn run() i32 {
    return steps() catch -1;
}

fn steps() !i32 {
    const n = try echo.numbers(200, -100, 60000, -30000, 12345678901234567890, 0.1).unwrap();
    if (n.byte != 55 or n.tiny != 100 or n.short != 5535 or n.signed != 30000) return 1;
    if (n.wide != 6101065172474983725 or n.real != -0.1) return 1;
    if (echo.numbers(0, 0, 0, 0, 0, 0).unwrap() != error.Wrong) return 2;
    const point = try echo.record(&.{ .x = -300, .color = .blue, .y = std.math.maxInt(u64) }).unwrap();
    if (point.x != 300 or point.color != .red or point.y != 0) return 3;
    var shape = std.mem.zeroes(bindings.Shape);
    shape.tag = .none;
    shape = try echo.variant(&shape).unwrap();
    if (shape.tag != .byte or shape.payload.byte != 7) return 4;
    shape.payload.byte = 201;
    shape = try echo.variant(&shape).unwrap();
    if (shape.tag != .ratio or shape.payload.ratio != 100.5) return 5;
    shape.tag = .dot;
    shape.payload = .{ .dot = .{ .x = 3, .color = .green, .y = 4 } };
    shape = try echo.variant(&shape).unwrap();
    const dot = shape.payload.dot;
    if (shape.tag != .dot or dot.x != -3 or dot.color != .blue or dot.y != ~@as(u64, 4)) return 6;
    shape.tag = .ratio;
    shape.payload = .{ .ratio = 2.5 };
    shape = try echo.variant(&shape).unwrap();
    if (shape.tag != .none) return 7;
    const rights = try echo.flags(.{ .read = true, .execute = true }).unwrap();
    if (rights != bindings.Rights{ .write = true }) return 8;
    if (try echo.color(.blue).unwrap() != .green) return 9;
    var out: [32]u8 = undefined;
    const size = try echo.text("grüße 漢字", &out).unwrap();
    if (!std.mem.eql(u8, out[0..size], "字漢 eßürg")) return 10;
    const sum = try echo.list(&.{ 1, 2, 65535 }).unwrap();
    if (sum.wide != 65538 or sum.size != 3) return 11;
    const last = try echo.points(&.{
        .{ .x = 1, .color = .red, .y = 2 },
        .{ .x = -3, .color = .green, .y = 1 << 32 },
    }).unwrap();
    if (last.x != -3 or last.color != .green or last.y != 1 << 32) return 12;
    return 0;
}
