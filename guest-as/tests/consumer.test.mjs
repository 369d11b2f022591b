// The package as its users get it: packed, installed in a project of its own, and compiled there
// with the programs of the documentation.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");
const directory = mkdtempSync(join(tmpdir(), "wasi-experimental-http-"));
const project = join(directory, "project");
after(() => rmSync(directory, { recursive: true }));

/** The blocks of code in a language, in a text in Markdown. */
function blocks(markdown, language) {
  const fence = new RegExp("^```" + language + "\\n(.*?)^```$", "gms");
  return [...markdown.matchAll(fence)].map(([, code]) => code);
}

/** Makes a project with the commands of the README, which have the clone beside the project. */
function install() {
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }');
  const [pack, install] = blocks(readme, "sh")[0].split("\n").map((line) => line.split(" "));
  assert.deepEqual(pack, ["npm", "pack", "../wasi-experimental-http/guest-as"]);
  assert.deepEqual(install.slice(0, 2), ["npm", "install"]);
  const npm = (...options) => execFileSync("npm", options, { cwd: project, stdio: "pipe" });
  const [{ files }] = JSON.parse(npm("pack", root, "--json"));
  // Nothing is downloaded: the compiler, which the package asks for, is its own.
  npm(...install.slice(1), "--offline", "--legacy-peer-deps", "--no-audit", "--no-fund");
  for (const name of ["assemblyscript", "@assemblyscript", "as-wasi"]) {
    symlinkSync(join(root, "node_modules", name), join(project, "node_modules", name), "junction");
  }
  writeFileSync(join(project, "asconfig.json"), minimalConfig);
  return files.map(({ path }) => path);
}

/** Compiles a program in the project. */
function compile(name, code) {
  const asc = join(project, "node_modules/assemblyscript/bin/asc.js");
  writeFileSync(join(project, `${name}.ts`), code);
  const options = [asc, `${name}.ts`, "--outFile", `${name}.wasm`];
  const { status, stderr } = spawnSync(process.execPath, options, { cwd: project, encoding: "utf8" });
  const warnings = stderr.split(/^(?=WARNING|ERROR)/m).filter((text) => text.includes("wasi-experimental-http"));
  assert.equal(status === 0 ? warnings.join("") : stderr, "", code);
  return new WebAssembly.Module(readFileSync(join(project, `${name}.wasm`)));
}

const [minimalConfig, pluginConfig] = blocks(readme, "json");
const files = install();

test("the package has its sources, its licence, and nothing else", () => {
  const sources = readdirSync(join(root, "assembly")).map((name) => `assembly/${name}`);
  const others = files.filter((path) => !sources.includes(path));
  assert.deepEqual(others.sort(), ["LICENSE", "PORTING.md", "README.md", "index.ts", "package.json"]);
  assert.deepEqual(sources.filter((path) => !files.includes(path)), []);
});

test("the package says what it needs and leads nowhere that is not there", () => {
  const installed = join(project, "node_modules/wasi-experimental-http");
  const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  assert.ok(manifest.engines.node && manifest.peerDependencies.assemblyscript);
  assert.equal(manifest.repository, undefined, "where is it? then links may lead there");
  for (const page of ["README.md", "PORTING.md"]) {
    const text = readFileSync(join(installed, page), "utf8");
    const links = [...text.matchAll(/\]\(([^)#]+)/g)].map(([, link]) => link);
    for (const link of links.filter((link) => !link.includes("://"))) {
      assert.ok(files.includes(link), `${page}: ${link}`);
    }
  }
});

const [program, plugin, ...examples] = blocks(readme, "ts");

test("the program of the README compiles to a program", () => {
  const module = compile("program", program);
  const imports = WebAssembly.Module.imports(module);
  const modules = new Set(imports.map(({ module }) => module));
  assert.deepEqual([...modules].sort(), ["wasi_experimental_http", "wasi_snapshot_preview1"]);
  const exports = WebAssembly.Module.exports(module).map(({ name }) => name);
  assert.deepEqual(exports.sort(), ["_start", "memory"]);
});

test("the plugin of the README is built in a project that asinit made", () => {
  const fresh = join(directory, "fresh");
  mkdirSync(fresh);
  writeFileSync(join(fresh, "package.json"), '{ "private": true, "type": "module" }');
  symlinkSync(join(project, "node_modules"), join(fresh, "node_modules"), "junction");
  const run = (...command) => execFileSync(command[0], command.slice(1), { cwd: fresh, stdio: "pipe" });
  const bin = (name) => join(root, "node_modules", name);
  run(process.execPath, bin("assemblyscript/bin/asinit.js"), "--yes", ".");
  const made = JSON.parse(readFileSync(join(fresh, "asconfig.json"), "utf8"));
  // What the README shows is that, and what it says to add.
  const { targets, ...added } = JSON.parse(pluginConfig);
  assert.deepEqual(targets, made.targets);
  assert.deepEqual(made.options, { bindings: "esm" });
  assert.deepEqual(added, {
    extends: JSON.parse(minimalConfig).extends,
    options: { exportStart: "_initialize" },
  });

  writeFileSync(join(fresh, "asconfig.json"), pluginConfig);
  writeFileSync(join(fresh, "assembly/index.ts"), plugin);
  const asc = [process.execPath, bin("assemblyscript/bin/asc.js"), "assembly/index.ts"];
  for (const target of ["debug", "release"]) {
    run(...asc, "--target", target);
    const module = new WebAssembly.Module(readFileSync(join(fresh, `build/${target}.wasm`)));
    const exports = WebAssembly.Module.exports(module).map(({ name }) => name);
    assert.deepEqual(exports.sort(), ["_initialize", "memory", "run"]);
  }
  // Editors do the same as this; it prints what it finds.
  const tsc = [process.execPath, bin("typescript/bin/tsc"), "--noEmit", "--preserveSymlinks"];
  assertNothing(() => run(...tsc, "-p", "assembly"));
  writeFileSync(join(fresh, "assembly/index.ts"), `${plugin}const wrong: string = new Headers();\n`);
  assert.throws(() => run(...tsc, "-p", "assembly"));
});

test("tsc finds nothing in the sources", () => {
  const tsc = [join(root, "node_modules/typescript/bin/tsc"), "--noEmit", "-p", "tsconfig.json"];
  assertNothing(() => execFileSync(process.execPath, tsc, { cwd: root, stdio: "pipe" }));
});

/** Runs a program that prints what it finds, and nothing else. */
function assertNothing(run) {
  let found;
  try {
    found = run();
  } catch (error) {
    found = error.stdout;
  }
  assert.equal(found.toString(), "");
}

// Whose sources have nothing but the new name of the package, and what PORTING.md says of as-wasi.
for (const name of ["program", "names"]) {
  test(`${name} of version 0.10 compiles with the new name`, () => {
    const source = readFileSync(join(root, "tests/porting", `${name}.ts`), "utf8");
    const ported = source
      .replace('"@deislabs/wasi-experimental-http"', '"wasi-experimental-http"')
      .replace('from "as-wasi"', 'from "as-wasi/assembly"');
    assert.notEqual(ported, source);
    const exports = WebAssembly.Module.exports(compile(`porting-${name}`, ported));
    const functions = exports.map(({ name }) => name).filter((name) => !/^(memory|_start)$/.test(name));
    const expected = { program: ["concurrent", "get", "post"], names: ["requests"] }[name];
    assert.deepEqual(functions.sort(), expected);
  });
}

const comments = readdirSync(join(root, "assembly"))
  .map((name) => readFileSync(join(root, "assembly", name), "utf8"))
  .flatMap((source) => blocks(source.replaceAll(/^ \* ?/gm, ""), "ts"));

[...examples, ...comments].forEach((code, index) => {
  test(`example ${index + 1} of the documentation compiles`, () => {
    // Those that are no whole program go on from the first.
    const isWhole = code.includes("import ");
    compile(`example-${index + 1}`, isWhole ? code : `${program}{\n${code}}\n`);
  });
});

test("all of what the package exports can be imported by name", () => {
  const exported = readFileSync(join(root, "assembly/index.ts"), "utf8");
  const names = [...exported.matchAll(/^export \{(.*?)\}/gms)]
    .flatMap(([, names]) => names.split(","))
    .map((name) => name.trim())
    .filter((name) => name !== "");
  assert.ok(names.includes("RequestBuilder"));
  compile("names", `import { ${names.join(", ")} } from "wasi-experimental-http";\n`);
  const raw = 'import { bodyRead } from "wasi-experimental-http/assembly/generated";\n';
  const module = compile("raw", `${raw}bodyRead(1, new Uint8Array(1));\n`);
  const imports = WebAssembly.Module.imports(module).map(({ name }) => name);
  assert.ok(imports.includes("body_read"), imports);
});

// What a program imports of the host, by what it uses: hosts that are older lack some functions.
const first = `
  import { Reason, RequestBuilder } from "wasi-experimental-http";
  const result = new RequestBuilder("http://a/").trySend();
  if (result.ok) {
    const res = result.value;
    USE
  } else {
    ELSE
  }
`;
const uses = [
  ["status", "process.exit(res.status);", "", []],
  ["close", "res.close();", "console.log(result.error.name);", ["close"]],
  ["piece", "res.tryBodyRead(new ArrayBuffer(8));", "", ["body_read_some"]],
  ["whole", "console.log(res.tryText().value);", "", ["body_read", "header_get"]],
  ["header", 'res.tryHeaderGet("a");', "", ["header_get"]],
  ["headers", "res.tryHeadersGetAll();", "", ["headers_get_all"]],
  ["code", "", "process.exit(result.error.code);", []],
  ["reason", "", "process.exit(result.error.reason == Reason.TLS ? 1 : 2);", ["error_get"]],
  ["url", "console.log(res.url());", "", ["error_get", "response_get"]],
  ["aborting", "res.headersGetAll();", "", ["error_get", "headers_get_all"]],
];

// And what one does that starts requests.
const starting = "body_write request_start response_wait".split(" ");
const startingUses = [
  ["start", "result.value.tryWait();", "tryStart()", ["close", ...starting]],
  ["poll", "tryPoll([result.value]);", "tryStart()", ["body_write", "close", "poll", "request_start"]],
  ["open", "result.value.tryWrite(new ArrayBuffer(8));", "tryOpen()", ["body_write", "request_start"]],
  ["finish", "result.value.tryFinish();", "tryOpen()", ["body_finish", "close", "request_start", "body_write", "response_wait"]],
  ["option", "process.exit(result.value.status);", "timeout(1).trySend()", ["close", "req", ...starting]],
];

for (const [name, use, call, expected] of startingUses) {
  test(`a program that uses ${name} imports what starts requests`, () => {
    const code = `
      import { RequestBuilder, tryPoll } from "wasi-experimental-http";
      const result = new RequestBuilder("http://a/").${call};
      if (result.ok) ${use}
    `;
    const imports = WebAssembly.Module.imports(compile(`starts-${name}`, code))
      .filter(({ module }) => module === "wasi_experimental_http")
      .map(({ name }) => name);
    assert.deepEqual(imports.sort(), [...expected].sort());
  });
}

for (const [name, use, otherwise, expected] of uses) {
  test(`a program that uses no more than ${name} imports no more`, () => {
    const module = compile(`uses-${name}`, first.replace("USE", use).replace("ELSE", otherwise));
    const imports = WebAssembly.Module.imports(module)
      .filter(({ module }) => module === "wasi_experimental_http")
      .map(({ name }) => name);
    assert.deepEqual(imports.sort(), [...expected, "req"].sort());
  });
}
