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

/** The compiler that the package is made with, and the oldest that its manifest allows. */
const compilers = ["assemblyscript", "assemblyscript-oldest"];

function compiled(runtime, compiler) {
  const outFile = join(directory, `${compiler}-${runtime}.wasm`);
  const asc = join(root, "node_modules", compiler, "bin/asc.js");
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
  /** Has the host answer with another body. */
  const again = (another, itsLength) => {
    [length, sent, announced] = [another, another, itsLength];
    state.given = 0;
  };
  return { ...instance.exports, state, again, size: () => memory.buffer.byteLength };
}

test("the oldest compiler is the one that the manifest names", () => {
  const read = (path) => JSON.parse(readFileSync(join(root, path), "utf8"));
  const { version } = read("node_modules/assemblyscript-oldest/package.json");
  const allowed = read("package.json").peerDependencies.assemblyscript;
  assert.ok(allowed.startsWith(`>=${version} `), `${allowed} ${version}`);
});

const kinds = compilers.flatMap((compiler) =>
  ["incremental", "minimal", "stub"].map((runtime) => [runtime, compiler]),
);

for (const [runtime, compiler] of kinds) {
  const module = compiled(runtime, compiler);
  const kind = `${runtime}, ${compiler}`;

  test(`bodies of every length are read whole (${kind})`, () => {
    for (const length of [0, 1, 4095, 4096, 4097, 8192, 8193, 200_000, 3 * MIB + 1]) {
      for (const announced of [null, length, length + 1]) {
        const { read } = instance(module, { length, announced });
        assert.equal(read(-1), length, `${length} ${announced}`);
      }
    }
  });

  test(`a body takes 1.3 times its size at most (${kind})`, () => {
    const length = 32 * MIB;
    for (const announced of [null, length]) {
      const { read, state, size } = instance(module, { length, announced });
      const before = size();
      assert.equal(read(-1), length);
      const taken = (size() - before) / length;
      assert.ok(taken <= 1.3, `${announced}: ${taken}`);
      if (announced !== null) assert.equal(state.calls, 1);
    }
  });

  test(`bodies that are in use stay as they are (${kind})`, () => {
    const lengths = [70_000, 5_000, MIB, 3, 2 * MIB, 66_000, 300_000, MIB + 1];
    for (const known of [false, true]) {
      const { keep, check, litter, again } = instance(module, { length: 0, announced: null });
      const sizes = [];
      for (let round = 0; round < (runtime === "incremental" ? 8 : 1); round += 1) {
        for (const [index, length] of lengths.entries()) {
          // What is announced and what is not take turns, in every place.
          again(length, known === (index % 2 === 0) ? length : null);
          const place = (index + 3 * round) % lengths.length;
          assert.equal(keep(place), length);
          sizes[place] = length;
          litter(20, 40_000);
        }
        assert.equal(check(), sizes.reduce((sum, size) => sum + (size ?? 0), 0));
      }
    }
  });

  test(`a body of more than the limit is a failure (${kind})`, () => {
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

  test(`a body that breaks off is a failure (${kind})`, () => {
    for (const announced of [null, 10_000]) {
      const { read } = instance(module, { length: 10_000, announced, sent: 9_000 });
      assert.equal(read(-1), -INCOMPLETE_BODY);
    }
  });
}

const incremental = compiled("incremental", "assemblyscript");

for (const length of [70_000, 2 * MIB, 3 * MIB + 77_777]) {
  test(`memory does not grow with the number of bodies (of ${length} bytes)`, () => {
    const { keep, litter, again, size } = instance(incremental, { length, announced: null });
    let settled = 0;
    for (let i = 0; i < 80; i += 1) {
      // The last two are in use while the next one is read.
      assert.equal(keep(i % 2), length);
      again(length, i % 5 === 0 ? length : null);
      litter(100, 5_000);
      if (i === 20) settled = size();
    }
    assert.ok(settled <= 12 * length, `${settled / length}`);
    assert.equal(size(), settled);
    // The collector has counted right: it does its work before small objects fill the memory.
    litter(50_000, 1_000);
    assert.equal(size(), settled);
  });
}
