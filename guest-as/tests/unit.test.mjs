// Runs the functions of `unit.ts`, which `npm test` has compiled, each in an instance of its own.

import { readFileSync } from "node:fs";
import { test } from "node:test";
import { WASI } from "node:wasi";

const module = new WebAssembly.Module(
  readFileSync(new URL("../build/test-unit.wasm", import.meta.url)),
);

for (const { name, kind } of WebAssembly.Module.exports(module)) {
  if (kind !== "function" || name === "_initialize") continue;
  test(name.replaceAll("_", " "), () => {
    const wasi = new WASI({ version: "preview1" });
    const instance = new WebAssembly.Instance(module, wasi.getImportObject());
    wasi.initialize(instance);
    instance.exports[name]();
  });
}
