// Requests that are started, written piece by piece, and waited for together: with each of
// AssemblyScript's runtimes, and a host that is played here.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { WASI } from "node:wasi";

const root = fileURLToPath(new URL("..", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "wasi-experimental-http-"));
after(() => rmSync(directory, { recursive: true }));

const INVALID_HANDLE = 1, REQUEST_ERROR = 11, INCOMPLETE_BODY = 16, BODY_CLOSED = 19;
const RESPONSE = 1, READABLE = 2, WRITABLE = 4;
const ENDLESS = 2n ** 64n - 1n;
/** How much the host takes at once, in bytes. */
const MOST = 64;

function compiled(runtime, compiler) {
  const outFile = join(directory, `${compiler}-${runtime}.wasm`);
  const asc = join(root, "node_modules", compiler, "bin/asc.js");
  const options = [asc, "tests/streams.ts", "--runtime", runtime, "--outFile", outFile];
  execFileSync(process.execPath, options, { cwd: root, stdio: "pipe" });
  return new WebAssembly.Module(readFileSync(outFile));
}

/**
 * An instance whose host answers with what it was sent, after `early` bytes of it if that is given.
 * What `events` gives is ready, of a handle, what is waited for, and how often was asked before.
 */
function instance(module, { early = Infinity, failing = false, events = (_, interest) => interest } = {}) {
  const requests = [];
  const polls = [];
  let memory;
  const bytes = (at, length) => Buffer.from(memory.buffer, at, length);
  const set = (at, number) => new DataView(memory.buffer).setUint32(at, number, true);
  const open = (handle) => requests[handle - 1]?.closed === false ? requests[handle - 1] : null;
  const host = {
    req: () => assert.fail("a request is started"),
    request_start(_url, _urlLength, _method, _methodLength, headers, headersLength, at, count, length, handle) {
      const view = new DataView(memory.buffer, at, count * 16);
      const options = Array.from({ length: count }, (_, i) => [
        view.getUint32(16 * i, true),
        view.getBigUint64(16 * i + 8, true),
      ]);
      requests.push({
        options, body: Buffer.alloc(0), headers: bytes(headers, headersLength).toString(), closed: false,
        length: BigInt.asUintN(64, length), whole: length === 0n, read: 0,
      });
      set(handle, requests.length);
      return 0;
    },
    body_write(handle, at, length, written) {
      const request = open(handle);
      if (request === null) return INVALID_HANDLE;
      if (request.whole || request.body.length >= early) return BODY_CLOSED;
      const count = Math.min(MOST, length);
      request.body = Buffer.concat([request.body, bytes(at, count)]);
      if (BigInt(request.body.length) === request.length) request.whole = true;
      set(written, count);
      return 0;
    },
    body_finish(handle) {
      const request = open(handle);
      if (request === null) return INVALID_HANDLE;
      if (request.body.length >= early) return BODY_CLOSED;
      if (!request.whole && request.length !== ENDLESS) return INCOMPLETE_BODY;
      request.whole = true;
      return 0;
    },
    response_wait(handle, status) {
      const request = open(handle);
      if (request === null) return INVALID_HANDLE;
      if (failing) return REQUEST_ERROR;
      assert.ok(request.whole || request.body.length >= early, "the body is not whole");
      new DataView(memory.buffer).setUint16(status, 200, true);
      return 0;
    },
    poll(at, count, timeout, ready) {
      polls.push(BigInt.asUintN(64, timeout));
      const view = new DataView(memory.buffer, at, count * 8);
      let found = 0;
      for (let i = 0; i < count; i++) {
        const interest = view.getUint8(8 * i + 4);
        const flags = interest & events(view.getUint32(8 * i, true), interest, polls.length - 1);
        view.setUint8(8 * i + 5, flags);
        if (flags !== 0) found += 1;
      }
      set(ready, found);
      return 0;
    },
    header_get: () => 5,
    body_read(handle, at, length, written) {
      const request = open(handle);
      if (request === null) return INVALID_HANDLE;
      const piece = request.body.subarray(request.read, request.read + length);
      bytes(at, piece.length).set(piece);
      request.read += piece.length;
      set(written, piece.length);
      return 0;
    },
    close(handle) {
      requests[handle - 1].closed = true;
      return 0;
    },
    error_get: (_reason, _message, _size, written) => (set(written, 0), 0),
  };
  const wasi = new WASI({ version: "preview1" });
  const imports = { ...wasi.getImportObject(), wasi_experimental_http: host };
  const instance = new WebAssembly.Instance(module, imports);
  memory = instance.exports.memory;
  wasi.initialize(instance);
  return { ...instance.exports, requests, polls };
}

const pattern = (length) => Buffer.from(Array.from({ length }, (_, i) => i % 256));

/** The compiler that the package is made with, and the oldest that its manifest allows. */
for (const compiler of ["assemblyscript", "assemblyscript-oldest"]) {
  for (const runtime of ["incremental", "minimal", "stub"]) {
    const module = compiled(runtime, compiler);
    const kind = `${runtime}, ${compiler}`;

    test(`a started request sends all of its body (${kind})`, () => {
      for (const length of [0, 1, MOST, MOST + 1, 1000]) {
        const { start, requests } = instance(module);
        assert.equal(start(length), length);
        assert.deepEqual(requests[0].body, pattern(length));
        assert.ok(requests[0].closed);
      }
    });

    test(`a failure is a value where it is waited for (${kind})`, () => {
      const { start, requests } = instance(module, { failing: true });
      assert.equal(start(200), -REQUEST_ERROR);
      assert.ok(requests[0].closed);
    });

    test(`options are sent, the last of each (${kind})`, () => {
      const { send_with_options, requests } = instance(module);
      assert.equal(send_with_options(), 4);
      const milliseconds = 1_000_000n;
      assert.deepEqual(requests[0].options, [
        [0, 5n * milliseconds],
        [1, 6n * milliseconds],
        [2, 7n * milliseconds],
        [3, ENDLESS],
        [4, 0n],
        [5, 1n << 40n],
      ]);
      assert.ok(requests[0].closed);
    });

    test(`bodies are written with a length and in chunks (${kind})`, () => {
      for (const length of [0, 1, 100, 101, 1000]) {
        for (const announced of [-1, length]) {
          const { upload, requests } = instance(module);
          assert.equal(upload(length, announced), length);
          assert.deepEqual(requests[0].body, pattern(length));
          assert.equal(requests[0].length, announced < 0 ? ENDLESS : BigInt(length));
        }
        const { upload_with_header, requests } = instance(module);
        assert.equal(upload_with_header(length), length);
        assert.equal(requests[0].length, BigInt(length));
      }
      const { upload_of_four_types, requests } = instance(module);
      assert.equal(upload_of_four_types(), 11);
      assert.deepEqual([...requests[0].body], [0xc3, 0xbc, 0, 1, 2, 0, 1, 2, 3, 0, 1]);
    });

    test(`too few bytes are a failure and too many are not taken (${kind})`, () => {
      const { upload, requests } = instance(module);
      assert.equal(upload(100, 101), -INCOMPLETE_BODY);
      assert.ok(requests[0].closed);
      // What a piece has beyond it is not sent.
      assert.equal(upload(256, 64), 64);
    });

    test(`an early answer ends the writing (${kind})`, () => {
      const { upload, start, requests } = instance(module, { early: 100 });
      assert.equal(upload(10_000, -1), 100);
      assert.equal(upload(10_000, 10_000), 100);
      assert.equal(start(10_000), 2 * MOST);
      assert.ok(requests.every(({ closed }) => closed));
    });

    test(`the first of several is found, and bodies are written meanwhile (${kind})`, () => {
      // Only the last one has a response, and that only when the body of the second is written.
      const events = (handle, interest, asked) =>
        handle === 3 ? (asked >= 100 || requests[1].whole ? RESPONSE : 0) : interest & WRITABLE;
      const { select, requests, polls } = instance(module, { events });
      assert.equal(select(), 2);
      assert.deepEqual(requests[1].body, pattern(2000));
      assert.ok(requests.every(({ closed }) => closed));
      assert.ok(polls.every((timeout) => timeout === 1_000_000_000n));
    });

    test(`a time that is over is none of them (${kind})`, () => {
      const { select } = instance(module, { events: () => 0 });
      assert.equal(select(), -1);
    });

    test(`each kind is waited for in its way (${kind})`, () => {
      for (const [flag, bit] of [[RESPONSE, 1], [READABLE, 2], [WRITABLE, 4]]) {
        const { poll_each_kind, polls } = instance(module, { events: (_, interest) => interest & flag });
        assert.equal(poll_each_kind(), bit);
        assert.deepEqual(polls, [ENDLESS]);
      }
    });
  }
}
