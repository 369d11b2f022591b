// The same guest as `guest.c`, in Zig.

const host = struct {
    extern "wasi_experimental_http" fn req(
        url: [*]const u8,
        url_len: u32,
        method: [*]const u8,
        method_len: u32,
        headers: [*]const u8,
        headers_len: u32,
        body: [*]const u8,
        body_len: u32,
        status: *u16,
        handle: *u32,
    ) u32;
    extern "wasi_experimental_http" fn close(handle: u32) u32;
    extern "wasi_experimental_http" fn body_read(
        handle: u32,
        buffer: [*]u8,
        buffer_len: u32,
        written: *u32,
    ) u32;
};

var url_bytes: [4096]u8 = undefined;
var buffer: [1024 * 1024]u8 = undefined;

export fn url() [*]u8 {
    return &url_bytes;
}

export fn body() [*]u8 {
    return &buffer;
}

export fn read_once(url_len: u32) i32 {
    var status: u16 = 0;
    var handle: u32 = 0;
    var written: u32 = 0;
    const sent = host.req(&url_bytes, url_len, "GET", 3, "", 0, "", 0, &status, &handle);
    if (sent != 0) return -@as(i32, @intCast(sent));
    const read = host.body_read(handle, &buffer, buffer.len, &written);
    _ = host.close(handle);
    if (read != 0) return -@as(i32, @intCast(read));
    return @intCast(written);
}
