// A host with the functions of wasi_experimental_http that knows one server by heart: it answers
// with what it was sent. Its argument is the program of `examples/go`, which has to post a text
// and print the answer.

import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { strictEqual } from "node:assert";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WASI } from "node:wasi";

const SUCCESS = 0, INVALID_HANDLE = 1, BUFFER_TOO_SMALL = 4, DESTINATION_NOT_ALLOWED = 7;
const MESSAGE = "no rule allows http://other.test/";

const folder = mkdtempSync(join(tmpdir(), "http-"));

async function run(args) {
  const [out, err] = ["out", "err"].map((name) => openSync(join(folder, name), "w"));
  const wasi = new WASI({
    version: "preview1", args: ["fetch", ...args], stdout: out, stderr: err, returnOnExit: true,
  });
  let memory;
  let open = null;
  const bytes = (at, length) => Buffer.from(memory.buffer, at, length);
  const text = (at, length) => bytes(at, length).toString();
  const view = () => new DataView(memory.buffer);
  const give = (data, at, length, size) => {
    if (data.length > length) return BUFFER_TOO_SMALL;
    bytes(at, data.length).set(data);
    view().setUint32(size, data.length, true);
    return SUCCESS;
  };
  const functions = {
    req(url, urlLength, method, methodLength, headers, headersLength, body, bodyLength, status, handle) {
      if (text(url, urlLength) !== "http://server.test/echo") return DESTINATION_NOT_ALLOWED;
      const said = `${text(method, methodLength)} ${text(headers, headersLength)}`;
      open = Buffer.concat([Buffer.from(said), bytes(body, bodyLength)]);
      view().setUint16(status, 201, true);
      view().setUint32(handle, 7, true);
      return SUCCESS;
    },
    close(handle) {
      if (handle !== 7 || open === null) return INVALID_HANDLE;
      open = null;
      return SUCCESS;
    },
    // Longer than the buffer that the program tries first.
    headers_get_all: (handle, at, length, size) =>
      give(Buffer.from(`content-type:text/x\nx-long:${"y".repeat(5000)}\n`), at, length, size),
    body_read_some(handle, at, length, size) {
      const piece = open.subarray(0, Math.min(length, 5));
      open = open.subarray(piece.length);
      return give(piece, at, length, size);
    },
    error_get: (reason, at, length, size) => give(Buffer.from(MESSAGE), at, length, size),
  };
  const module = await WebAssembly.compile(await readFile(process.argv[2]));
  const unused = WebAssembly.Module.imports(module).map(({ name }) => [name, () => INVALID_HANDLE]);
  const instance = await WebAssembly.instantiate(module, {
    ...wasi.getImportObject(),
    wasi_experimental_http: { ...Object.fromEntries(unused), ...functions },
  });
  memory = instance.exports.memory;
  const status = wasi.start(instance);
  [out, err].forEach(closeSync);
  const read = (name) => readFileSync(join(folder, name), "utf8");
  return { status, out: read("out"), err: read("err"), closed: open === null };
}

const posted = await run(["http://server.test/echo", "grüße"]);
strictEqual(posted.err, "");
strictEqual(posted.out, "201 Created text/x\nPOST Content-Type:text/plain\ngrüße");
strictEqual(posted.status, 0);
strictEqual(posted.closed, true);
const denied = await run(["http://other.test/"]);
strictEqual(denied.status, 1);
strictEqual(denied.err.trim().endsWith(MESSAGE), true, denied.err);
rmSync(folder, { recursive: true });
console.log(`${process.argv[2]}: net/http went through the host`);
