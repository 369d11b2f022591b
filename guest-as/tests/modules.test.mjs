// The modules of the package import each other in one direction.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../assembly", import.meta.url));

/** For each module, those that it imports. */
const imports = new Map(
  readdirSync(folder).map((file) => {
    const text = readFileSync(join(folder, file), "utf8");
    const from = [...text.matchAll(/ from "\.\/(\w+)"/g)].map((match) => `${match[1]}.ts`);
    return [file, from];
  }),
);

test("no module imports itself through others", () => {
  assert.ok(imports.get("request.ts").includes("options.ts"));
  const visit = (file, path) => {
    assert.ok(!path.includes(file), [...path, file].join(" imports "));
    imports.get(file).forEach((next) => visit(next, [...path, file]));
  };
  for (const file of imports.keys()) visit(file, []);
});
