// The sizes of a small module, as the README has them: the compiler is of one version, and so they
// are the same everywhere.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
mkdirSync(join(root, "build"), { recursive: true });
const folder = mkdtempSync(join(root, "build/sizes-"));
// The compiler takes this name from where it runs, and what it extends as well.
const config = "asconfig.sizes.json";
after(() => {
  rmSync(folder, { recursive: true });
  rmSync(join(root, config), { force: true });
});

const section = readFileSync(join(root, "README.md"), "utf8").split("## A small module\n")[1];
const small = JSON.parse(section.match(/```json\n(.*?)```/s)[1]).targets.small;

/** The most that `examples/tour.ts` may have in a small module, in kB. */
const MOST = 16.5;

/** What the README says that this row of its table has, in kB. */
const said = (row) => Number(section.match(new RegExp(`\\| \`${row}\`[^|]*\\| ([0-9.]+) kB \\|`))[1]);

/** The size of the example with these options, in kB. */
function size(options) {
  const output = join(folder, "tour.wasm");
  const shim = "./node_modules/@assemblyscript/wasi-shim/asconfig.json";
  writeFileSync(join(root, config), JSON.stringify({ extends: shim, targets: { small: options } }));
  const asc = [join(root, "node_modules/assemblyscript/bin/asc.js"), "examples/tour.ts"];
  const args = [...asc, "--config", config, "--target", "small", "--outFile", output];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return Number((statSync(output).size / 1000).toFixed(1));
}

test("the small module is as small as the README says", () => {
  const measured = size(small);
  assert.equal(measured, said('"runtime": "stub"'));
  assert.ok(measured <= MOST, `${measured} kB`);
  assert.equal(section.match(/in pieces\) is ([0-9.]+) kB/)[1], measured.toString());
});

for (const runtime of ["minimal", "incremental"]) {
  test(`the runtime ${runtime} has the size that the README says`, () => {
    assert.equal(size({ ...small, runtime }), said(`"runtime": "${runtime}"`));
  });
}

test("asserts have the size that the README says", () => {
  assert.equal(size({ ...small, noAssert: false }), said('"noAssert": true'));
});

test("the target of this package is that of the README", () => {
  const own = JSON.parse(readFileSync(join(root, "asconfig.json"), "utf8"));
  assert.deepEqual({ ...own.targets.small, converge: own.options.converge }, small);
});
