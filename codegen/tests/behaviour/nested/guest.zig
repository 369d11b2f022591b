// The Zig guest of the behaviour test of strings and lists inside of values.

const std = @import("std");
const bindings = @import("nested.zig");
const nested = bindings.nested;
const Text = bindings.List(u8);
const Value = bindings.Value;

var rooms: [65536]u64 = undefined;
var used: usize = 0;

// What the host writes to stays until the program ends.
export fn room(size: usize) *anyopaque {
    const start = &rooms[used];
    used += (size + 7) / 8;
    return start;
}

fn list(comptime T: type, elements: []const T) bindings.List(T) {
    return bindings.List(T).of(elements);
}

fn text(of: []const u8) Text {
    return list(u8, of);
}

fn is(got: Text, expected: []const u8) bool {
    return std.mem.eql(u8, got.slice(), expected);
}

// What the host calls during a call.
export fn called(depth: u32) i32 {
    var buffer: [32]u8 = undefined;
    const first = std.fmt.bufPrint(&buffer, "depth {d}", .{depth}) catch return -3;
    const got = nested.call(depth, &.{ text(first), text("same") }).unwrap() catch return -1;
    return if (@intFromEnum(got.kind) == depth % 2) @intCast(got.size) else -2;
}

export fn run() i32 {
    return steps() catch -1;
}

var characters: [500][16]u8 = undefined;
var many: [500]Text = undefined;
var values: [500]Value = undefined;

fn steps() !i32 {
    const entry = bindings.Entry{
        .name = text("eins 1"),
        .id = 0xfedcba9876543210,
        .kind = .loud,
        .data = list(u8, &.{ 1, 2, 255 }),
        .loud = 1,
    };
    const empty = bindings.Entry{ .name = text(""), .id = 0, .kind = .plain, .data = text(""), .loud = 0 };
    const names = [_]Text{ text("grüße"), text("漢字 😀"), text(""), text("a\x00b") };
    const two = [_]Text{ text("x"), text("yz") };
    const inside = [_]Text{ text("in"), text("a value") };
    const all = [_]Value{
        .{ .tag = .nothing, .payload = .{ .count = 0 } },
        .{ .tag = .count, .payload = .{ .count = -1 } },
        .{ .tag = .text, .payload = .{ .text = text("text") } },
        .{ .tag = .entry, .payload = .{ .entry = entry } },
        .{ .tag = .names, .payload = .{ .names = list(Text, &two) } },
    };
    const rows = [_]bindings.List(u16){ list(u16, &.{ 1, 65535 }), list(u16, &.{}), list(u16, &.{3}) };
    const tree = bindings.Tree{
        .entry = entry,
        .names = list(Text, &names),
        .entries = list(bindings.Entry, &.{ empty, entry }),
        .values = list(Value, &all),
        .rows = list(bindings.List(u16), &rows),
        .truths = list(u32, &.{ 1, 0, 1 }),
        .kinds = list(bindings.Kind, &.{ .loud, .plain }),
        .value = .{ .tag = .names, .payload = .{ .names = list(Text, &inside) } },
    };
    if (try nested.put(&tree).unwrap() != 1) return 1;
    const back = try nested.getTree().unwrap();
    if (!is(back.names.slice()[1], "漢字 😀") or back.entry.kind != .loud) return 3;
    if (!is(back.values.slice()[2].payload.text, "text")) return 4;
    if (back.truths.slice()[2] == 0 or back.truths.slice()[1] != 0) return 5;
    if (try nested.put(&back).unwrap() != 2) return 7;
    if (!is(try nested.getText().unwrap(), "grüße 😀\x00.")) return 8;
    for (&many, &values, &characters, 0..) |*name, *value, *buffer, index| {
        name.* = text(try std.fmt.bufPrint(buffer, "name {d}", .{index}));
        value.* = .{ .tag = .text, .payload = .{ .text = name.* } };
    }
    if (try nested.putNames(&many).unwrap() != 3) return 9;
    if (try nested.putValues(&values).unwrap() != 4) return 10;
    if (try nested.putText("\u{fffd} lone \u{fffd}, pair 😀 \u{fffd}").unwrap() != 5) return 11;
    if (try nested.putNames(&.{text("\u{fffd}")}).unwrap() != 6) return 12;
    return if (called(3) == 1003) 0 else 13;
}
