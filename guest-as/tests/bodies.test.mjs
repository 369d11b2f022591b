// How whole bodies are read: with each of AssemblyScript's runtimes, from a host that is played
// here, which counts the calls and sees how much memory it takes.

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

const MIB = 1024 * 1024;
const HEADER_NOT_FOUND = 5;
const INCOMPLETE_BODY = 16;
const BODY_TOO_LARGE = 15;

function compiled(runtime) {
  const outFile = join(directory, `${runtime}.wasm`);
  const asc = join(root, "node_modules/assemblyscript/bin/asc.js");
  const options = [asc, "tests/bodies.ts", "--runtime", runtime, "--outFile", outFile];
  execFileSync(process.execPath, options, { cwd: root, stdio: "pipe" });
  return new WebAssembly.Module(readFileSync(outFile));
}

/** An instance whose host has a body of this length, and breaks off after `sent` bytes. */
function instance(module, { length, announced, sent = length }) {
  const state = { calls: 0, given: 0 };
  let memory;
  const bytes = () => new Uint8Array(memory.buffer);
  const setSize = (at, size) => new DataView(memory.buffer).setUint32(at, size, true);
  const host = {
    header_get(_handle, _name, _nameLength, value, size, written) {
      if (announced === null) return HEADER_NOT_FOUND;
      const digits = Buffer.from(String(announced));
      assert.ok(digits.length <= size);
      bytes().set(digits, value);
      setSize(written, digits.length);
      return 0;
    },
    body_read(_handle, buffer, size, written) {
      state.calls += 1;
      const count = Math.min(size, sent - state.given);
      if (count === 0 && size > 0 && sent < length) return INCOMPLETE_BODY;
      const target = bytes().subarray(buffer, buffer + count);
      for (let i = 0; i < count; i++) target[i] = state.given + i;
      state.given += count;
      setSize(written, count);
      return 0;
    },
    error_get: (_reason, _message, _size, written) => (setSize(written, 0), 0),
  };
  const wasi = new WASI({ version: "preview1" });
  const imports = { ...wasi.getImportObject(), wasi_experimental_http: host };
  const instance = new WebAssembly.Instance(module, imports);
  memory = instance.exports.memory;
  wasi.initialize(instance);
  return { read: instance.exports.read, state, size: () => memory.buffer.byteLength };
}

for (const runtime of ["incremental", "minimal", "stub"]) {
  const module = compiled(runtime);

  test(`bodies of every length are read whole (${runtime})`, () => {
    for (const length of [0, 1, 4095, 4096, 4097, 8192, 8193, 200_000, 3 * MIB + 1]) {
      for (const announced of [null, length, length + 1]) {
        const { read } = instance(module, { length, announced });
        assert.equal(read(-1), length, `${length} ${announced}`);
      }
    }
  });

  test(`a body whose length is announced takes 1.3 times its size (${runtime})`, () => {
    const length = 32 * MIB;
    const { read, state, size } = instance(module, { length, announced: length });
    const before = size();
    assert.equal(read(-1), length);
    assert.ok(size() - before <= 1.3 * length, `${size() / length}`);
    assert.equal(state.calls, 1);
  });

  test(`a body of unknown length is copied once (${runtime})`, () => {
    const length = 32 * MIB;
    const { read, size } = instance(module, { length, announced: null });
    const before = size();
    assert.equal(read(-1), length);
    // The pieces and the whole, in memory that the runtime at least doubles when it grows.
    assert.ok(size() - before <= 4 * length, `${size() / length}`);
  });

  test(`a body of more than the limit is a failure (${runtime})`, () => {
    for (const announced of [null, 10_001]) {
      const { read, state } = instance(module, { length: 10_001, announced });
      assert.equal(read(10_000), -BODY_TOO_LARGE);
      assert.equal(state.given, announced === null ? 10_001 : 0);
    }
    for (const announced of [null, 10_000]) {
      const { read } = instance(module, { length: 10_000, announced });
      assert.equal(read(10_000), 10_000);
    }
  });

  test(`a body that breaks off is a failure (${runtime})`, () => {
    for (const announced of [null, 10_000]) {
      const { read } = instance(module, { length: 10_000, announced, sent: 9_000 });
      assert.equal(read(-1), -INCOMPLETE_BODY);
    }
  });
}
