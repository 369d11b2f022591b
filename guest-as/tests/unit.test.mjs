// Runs the functions of `unit.ts`, which `npm test` has compiled, each in an instance of its own.

import { readFileSync } from "node:fs";
import { test } from "node:test";
import { WASI } from "node:wasi";

/** `Reason.MISUSE`. */
const MISUSE = 24;

const module = new WebAssembly.Module(
  readFileSync(new URL("../build/test-unit.wasm", import.meta.url)),
);

for (const { name, kind } of WebAssembly.Module.exports(module)) {
  if (kind !== "function" || name === "_initialize") continue;
  test(name.replaceAll("_", " "), () => {
    const wasi = new WASI({ version: "preview1" });
    let memory;
    // Explains each failure alike, as the host does: a reason, a message, and its length.
    const errorGet = (reason, message, _size, length) => {
      const text = Buffer.from("http://a/b: the reason");
      new Uint8Array(memory.buffer).set(text, message);
      const view = new DataView(memory.buffer);
      view.setUint32(reason, MISUSE, true);
      view.setUint32(length, text.length, true);
      return 0;
    };
    const host = { wasi_experimental_http: { error_get: errorGet } };
    const imports = { ...wasi.getImportObject(), ...host };
    const instance = new WebAssembly.Instance(module, imports);
    memory = instance.exports.memory;
    wasi.initialize(instance);
    instance.exports[name]();
  });
}
