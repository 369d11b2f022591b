// Makes `figures.txt`, which the test `the_other_dialect_has_the_abi_of_its_tool` compares with what
// is generated here:
//
//     cargo install witx-codegen --version 0.11.5 --root DIR
//     node figures.mjs DIR/bin/witx-codegen ZIG... >figures.txt
//
// where ZIG... is a command that runs Zig 0.14 or newer. The layouts of records, tuples and numbers
// are those that Zig gives to the tool's output in that language. The tool's own outputs do not
// agree about variants: the one in AssemblyScript says where it puts payloads, and the others have
// padding for as many bytes as the whole variant has behind its tag, and behind that the payload.
// Here it is the former, which is also what the tool's own crate for layouts, `witnext`, says.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [tool, ...zig] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "figures-"));
const generate = (language, document) =>
  execFileSync(tool, ["-t", language, join(import.meta.dirname, "..", document)]).toString();

/** The layouts that Zig gives to the types of a document, in lines. */
async function layouts(document) {
  // Zig refuses what the tool writes for variants and unions, and imports may have those.
  const source = generate("zig", document)
    .replace(/^ *\/\/\/.*\n/gm, "")
    .replace(/^pub const \w+ = extern struct \{\n    tag: enum.*?^\};\n/gms, "");
  const start = source.indexOf("// ---------------------- Module: [");
  const own = source.slice(start).replace(/^pub const \w+ = struct \{.*?^\};\n/gms, "");
  const figures = [];
  for (const [, name, body] of own.matchAll(/^pub const (\w+) = (?!struct)(?:extern struct \{[^\n]*\n(.*?)^\})?/gms)) {
    const fields = [...(body ?? "").matchAll(/^    (\w+): /gm)].map((field) => field[1]);
    figures.push([name, fields.filter((field) => !field.startsWith("__pad"))]);
  }
  const code = figures.flatMap(([name, fields], index) => [
    `export fn size_${index}() u32 { return @sizeOf(bindings.${name}); }`,
    `export fn align_${index}() u32 { return @alignOf(bindings.${name}); }`,
    ...fields.map((field, number) =>
      `export fn field_${index}_${number}() u32 { return @offsetOf(bindings.${name}, "${field}"); }`),
  ]);
  writeFileSync(join(folder, "bindings.zig"), `${source.slice(0, start)}\n${own}`);
  writeFileSync(join(folder, "main.zig"), `const bindings = @import("bindings.zig");\n${code.join("\n")}\n`);
  const args = ["build-exe", "main.zig", "-target", "wasm32-freestanding", "-fno-entry", "-rdynamic"];
  execFileSync(zig[0], [...zig.slice(1), ...args, "-O", "ReleaseSmall", "-femit-bin=main.wasm"], { cwd: folder });
  const { instance } = await WebAssembly.instantiate(readFileSync(join(folder, "main.wasm")));
  const figure = (name) => instance.exports[name]();
  return figures.map(([name, fields], index) => {
    const offsets = fields.map((field, number) => figure(`field_${index}_${number}`));
    return `type ${name}: size ${figure(`size_${index}`)}, align ${figure(`align_${index}`)}` +
      (fields.length > 0 ? `, offsets ${offsets.join(" ")}` : "");
  });
}

/** The integers of tags and the offsets of payloads, as the output in AssemblyScript has them. */
function payloads(source) {
  const classes = source.matchAll(/^export class (\w+) \{\n    tag: (u\d+);(.*?)^\}/gms);
  return [...classes].map(([, name, tag, body]) => {
    const [, offset, size] = body.match(/memory\.fill\(changetype<usize>\(this\) \+ (\d+), 0, (\d+)\)/);
    return `variant ${name}: tag ${tag}, payload at ${offset}, size ${+offset + +size}`;
  });
}

/** The signatures of imports, in types of WebAssembly. */
function imports(source) {
  const aliases = new Map([...source.matchAll(/^export type (\w+)(?:<T>)? = ([^;]+);/gm)].map((m) => [m[1], m[2]]));
  const wasm = (type) => {
    const name = type.replace(/<.*/, "");
    if (aliases.has(name)) return wasm(aliases.get(name));
    if (["u64", "i64"].includes(name)) return "i64";
    return ["f32", "f64"].includes(name) ? name : "i32";
  };
  const found = source.matchAll(/@external\("\w+", "(\w+)"\)\nexport declare function \w+\(([^)]*)\): (\w+);/g);
  return [...found].map(([, name, params, result]) => {
    const types = params.split(",").filter((param) => param.includes(":"));
    return `import ${name}: ${types.map((param) => wasm(param.split(": ")[1].trim())).join(" ")} -> ${wasm(result)}`;
  });
}

const version = execFileSync(tool, ["--version"]).toString().trim();
console.log(`# By ${version}, as figures.mjs says.`);
const documents = [
  "documents/dialect_types.witx",
  "documents/dialect_unions.witx",
  // Those with which the tool itself is tested.
  "other_dialect/witx-codegen/test_module.witx",
  "other_dialect/witx-codegen/wasi_ephemeral_crypto_common.witx",
  "other_dialect/witx-codegen/wasi_ephemeral_crypto_symmetric.witx",
  "other_dialect/witx-codegen/wasi_experimental_http.witx",
];
for (const document of documents) {
  const source = generate("assemblyscript", document);
  console.log(`document ${document}`);
  // Here variants are in other types, which Zig would miss.
  const types = document.endsWith("dialect_unions.witx") ? [] : await layouts(document);
  console.log([...types, ...payloads(source), ...imports(source)].join("\n"));
}
