// A host for guests in tests: the functions of `wasi_experimental_http` over a table of made-up
// servers, and as much of WASI as printing and reading arguments need. No network is used.

const CODES = {
  SUCCESS: 0,
  INVALID_HANDLE: 1,
  MEMORY_ACCESS_ERROR: 3,
  BUFFER_TOO_SMALL: 4,
  HEADER_NOT_FOUND: 5,
  INVALID_URL: 10,
};

/** A program has ended with this code. */
export class Exit extends Error {
  constructor(code) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** The bytes of a body: each its offset modulo 251. */
export function pattern(length) {
  return Uint8Array.from({ length }, (_, offset) => offset % 251);
}

/**
 * Instantiates a module.
 *
 * @param serve - What answers: from `{ method, url, headers, body }` to
 *   `{ status, headers: [[name, bytes or text]], body: bytes, piece, breaksAt, breaksWith }`, or to
 *   the code of an error.
 */
export function instantiate(wasm, serve, { args = [], env = {} } = {}) {
  const host = { requests: [], open: new Map(), reads: 0, stdout: "", stderr: "" };
  let memory;
  const bytes = (pointer, length) => new Uint8Array(memory.buffer, pointer >>> 0, length >>> 0);
  const text = (pointer, length) =>
    new TextDecoder("utf-8", { fatal: true }).decode(bytes(pointer, length));
  const view = () => new DataView(memory.buffer);
  const encoded = (value) => (typeof value === "string" ? new TextEncoder().encode(value) : value);

  /** Writes all of `content` to a buffer, and how much that is. */
  const give = (content, buffer, length, written) => {
    if (content.length > length) return CODES.BUFFER_TOO_SMALL;
    bytes(buffer, length).set(content);
    view().setUint32(written, content.length, true);
    return CODES.SUCCESS;
  };

  let handles = 0;
  const http = {
    req(
      url,
      urlLength,
      method,
      methodLength,
      headers,
      headersLength,
      body,
      bodyLength,
      status,
      handle,
    ) {
      const request = {
        url: text(url, urlLength),
        method: text(method, methodLength),
        headers: text(headers, headersLength),
        body: bytes(body, bodyLength).slice(),
      };
      host.requests.push(request);
      const response = serve(request);
      if (typeof response === "number") return response;
      handles += 1;
      host.open.set(handles, { headers: [], body: new Uint8Array(0), at: 0, ...response });
      view().setUint16(status, response.status ?? 200, true);
      view().setUint32(handle, handles, true);
      return CODES.SUCCESS;
    },
    close(handle) {
      host.open.delete(handle);
      return CODES.SUCCESS;
    },
    header_get(handle, name, nameLength, buffer, length, written) {
      const response = host.open.get(handle);
      if (!response) return CODES.INVALID_HANDLE;
      const wanted = text(name, nameLength).toLowerCase();
      const header = response.headers.find(([name]) => name === wanted);
      if (!header) return CODES.HEADER_NOT_FOUND;
      return give(encoded(header[1]), buffer, length, written);
    },
    headers_get_all(handle, buffer, length, written) {
      const response = host.open.get(handle);
      if (!response) return CODES.INVALID_HANDLE;
      const all = response.headers.flatMap(([name, value]) => [
        ...encoded(name + ":"),
        ...encoded(value),
        0x0a,
      ]);
      return give(Uint8Array.from(all), buffer, length, written);
    },
    body_read(handle, buffer, length, written) {
      host.reads += 1;
      const response = host.open.get(handle);
      if (!response) return CODES.INVALID_HANDLE;
      if (response.breaksAt <= response.at) return response.breaksWith;
      const piece = Math.min(length >>> 0, response.piece ?? Infinity);
      const content = response.body.subarray(response.at, response.at + piece);
      response.at += content.length;
      return give(content, buffer, length, written);
    },
  };

  /** The sizes and the content of arguments, or of the environment. */
  const strings = (list) => {
    const items = list.map((item) => encoded(item + "\0"));
    return {
      sizes(count, size) {
        view().setUint32(count, items.length, true);
        view().setUint32(size, items.reduce((sum, item) => sum + item.length, 0), true);
        return 0;
      },
      get(pointers, buffer) {
        for (const item of items) {
          view().setUint32(pointers, buffer, true);
          bytes(buffer, item.length).set(item);
          pointers += 4;
          buffer += item.length;
        }
        return 0;
      },
    };
  };
  const argv = strings(["guest", ...args]);
  const environ = strings(Object.entries(env).map(([name, value]) => `${name}=${value}`));
  const wasi = {
    args_sizes_get: argv.sizes,
    args_get: argv.get,
    environ_sizes_get: environ.sizes,
    environ_get: environ.get,
    fd_write(fd, vectors, count, written) {
      let total = 0;
      for (let i = 0; i < count; i++) {
        const pointer = view().getUint32(vectors + 8 * i, true);
        const length = view().getUint32(vectors + 8 * i + 4, true);
        host[fd === 1 ? "stdout" : "stderr"] += new TextDecoder().decode(bytes(pointer, length));
        total += length;
      }
      view().setUint32(written, total, true);
      return 0;
    },
    proc_exit(code) {
      throw new Exit(code);
    },
  };

  const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm), {
    wasi_experimental_http: http,
    wasi_snapshot_preview1: wasi,
  });
  memory = instance.exports.memory;
  instance.exports._initialize?.();
  return { exports: instance.exports, host };
}
