//! A program in Zig on the generated bindings alone: a GET, an upload that is streamed, and two
//! requests side by side. Run from the root of the repository:
//!
//!     witx-bindings --witx witx/wasi_experimental_http.witx --lang zig --out-file \
//!         codegen/examples/zig/wasi_experimental_http.zig
//!     zig build-exe -target wasm32-wasi -O ReleaseSmall codegen/examples/zig/requests.zig
//!     wasmtime-http -a https://example.com requests.wasm get https://example.com/

const std = @import("std");
const bindings = @import("wasi_experimental_http.zig");
// Of the standard library what is the same in each version of Zig.
const wasi = std.os.wasi;

const http = bindings.wasi_experimental_http;
const Handle = bindings.ResponseHandle;
const Subscription = bindings.Subscription;

/// A body that is sent in chunks.
const chunked = std.math.maxInt(u64);

/// No time limit.
const forever = std.math.maxInt(u64);

/// A piece of a body.
var piece: [64 * 1024]u8 = undefined;

pub fn main() u8 {
    var arguments: [5][*:0]u8 = undefined;
    var text: [16 * 1024]u8 = undefined;
    const given = readArguments(&arguments, &text) orelse return usage();
    const command = if (given.len > 1) std.mem.span(given[1]) else "";
    if (given.len == 3 and std.mem.eql(u8, command, "get")) {
        return exitCode(get(std.mem.span(given[2])));
    }
    if (given.len == 4 and std.mem.eql(u8, command, "upload")) {
        const size = std.fmt.parseInt(u64, std.mem.span(given[3]), 10) catch return usage();
        return exitCode(upload(std.mem.span(given[2]), size));
    }
    if (given.len == 4 and std.mem.eql(u8, command, "both")) {
        return exitCode(both(.{ std.mem.span(given[2]), std.mem.span(given[3]) }));
    }
    return usage();
}

fn usage() u8 {
    print(2, "usage: requests get URL | upload URL BYTES | both URL URL\n", .{});
    return 2;
}

/// The exit code; says why a call failed, in the words of the host if it has some.
fn exitCode(result: bindings.HttpErrorError!void) u8 {
    result catch |err| {
        var reason: [1]bindings.Reason = undefined;
        var message: [1024]u8 = undefined;
        const size = http.errorGet(&reason, &message).unwrap() catch 0;
        print(2, "{s}: {s}\n", .{ @errorName(err), message[0..size] });
        return 1;
    };
    return 0;
}

/// Gets a URL: `req` does not return before the response is there.
fn get(url: []const u8) !void {
    const response = try http.req(url, "GET", "", "").unwrap();
    try printResponse(response.response_handle, response.status_code);
}

/// Posts a body of this size, which is made while it is sent: each byte is its offset modulo 251.
fn upload(url: []const u8, size: u64) !void {
    const handle = try http.requestStart(url, "POST", "", &.{}, chunked).unwrap();
    errdefer close(handle);
    writeBody(handle, size) catch |err| switch (err) {
        // The server has answered already: the response says why.
        error.BodyClosed => {},
        else => return err,
    };
    const status = try http.responseWait(handle).unwrap();
    try printResponse(handle, status);
}

fn writeBody(handle: Handle, size: u64) !void {
    var sent: u64 = 0;
    while (sent < size) {
        const length: usize = @intCast(@min(size - sent, piece.len));
        for (piece[0..length], 0..) |*byte, i| byte.* = @intCast((sent + i) % 251);
        var rest: []const u8 = piece[0..length];
        // The host may take fewer at a time.
        while (rest.len > 0) rest = rest[try http.bodyWrite(handle, rest).unwrap()..];
        sent += length;
    }
    try http.bodyFinish(handle).unwrap();
}

/// Gets two URLs at the same time, and prints what comes as it comes.
fn both(urls: [2][]const u8) !void {
    var waits: [2]Subscription = undefined;
    var numbers = [2]usize{ 1, 2 };
    for (urls, &waits) |url, *wait| wait.* = .{
        .handle = try http.requestStart(url, "GET", "", &.{}, 0).unwrap(),
        .interest = .{ .response = true },
        .ready = .{},
    };
    var left: usize = waits.len;
    while (left > 0) {
        _ = try http.poll(&waits, left, forever).unwrap();
        var i = left;
        while (i > 0) {
            i -= 1;
            if (!waits[i].ready.response) continue;
            const status = try http.responseWait(waits[i].handle).unwrap();
            print(1, "{d}: ", .{numbers[i]});
            try printResponse(waits[i].handle, status);
            // What is left takes its place.
            left -= 1;
            waits[i] = waits[left];
            numbers[i] = numbers[left];
        }
    }
}

/// Reads the body of a response to its end, and closes it. Prints the status, and how many bytes
/// there were.
fn printResponse(handle: Handle, status: u16) !void {
    defer close(handle);
    var length: u64 = 0;
    while (true) {
        const size = try http.bodyReadSome(handle, &piece).unwrap();
        if (size == 0) break;
        length += size;
    }
    print(1, "status {d}, {d} bytes\n", .{ status, length });
}

fn close(handle: Handle) void {
    // Always a success.
    _ = http.close(handle);
}

/// The arguments of the program, the first of which is its name; null if there are too many.
fn readArguments(arguments: *[5][*:0]u8, text: *[16 * 1024]u8) ?[]const [*:0]u8 {
    var count: usize = 0;
    var size: usize = 0;
    if (wasi.args_sizes_get(&count, &size) != .SUCCESS) return null;
    if (count > arguments.len or size > text.len) return null;
    if (wasi.args_get(arguments, text) != .SUCCESS) return null;
    return arguments[0..count];
}

/// Prints a short text to a file of the program's: 1 is its output, 2 is for errors.
fn print(file: wasi.fd_t, comptime format: []const u8, arguments: anytype) void {
    var text: [2048]u8 = undefined;
    var rest: []const u8 = std.fmt.bufPrint(&text, format, arguments) catch return;
    while (rest.len > 0) {
        const parts = [_]wasi.ciovec_t{.{ .base = rest.ptr, .len = rest.len }};
        var written: usize = 0;
        if (wasi.fd_write(file, &parts, parts.len, &written) != .SUCCESS) return;
        rest = rest[written..];
    }
}
