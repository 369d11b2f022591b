// The tests of the package, run by `npm test` after it has compiled `guest.ts` and the examples.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Exit, instantiate, pattern } from "./mock-host.mjs";

const wasm = (name) => readFileSync(new URL(`../build/${name}.wasm`, import.meta.url));

/** The servers that `guest.ts` talks to. */
function serve({ method, url, headers, body }) {
  const [route, ...parameters] = url.replace("mock:", "").split("/");
  switch (route) {
    case "echo":
      return {
        headers: [
          ["x-method", method],
          ["x-headers", headers.replaceAll("\n", "|")],
        ],
        body,
      };
    case "body": {
      const [length, claim] = parameters;
      return {
        headers: claim === "" ? [] : [["content-length", claim]],
        body: pattern(Number(length)),
      };
    }
    case "status":
      return { status: Number(parameters[0]), headers: [["content-length", "4000000"]] };
    case "break":
      return { body: pattern(100), breaksAt: 100, breaksWith: 16 };
    case "header":
      return { headers: [["x-large", "a".repeat(Number(parameters[0]))]] };
    case "headers":
      return {
        headers: [
          ["set-cookie", "a=1"],
          ["content-type", "text/plain"],
          ["set-cookie", "b=2:3"],
          ["x-empty", ""],
          ["x-utf8", "grüß"],
          ["x-latin", Uint8Array.of(0x63, 0x61, 0x66, 0xe9)],
          ["x-last", "last"],
        ],
      };
    case "almost-utf8":
      return {
        headers: [
          ["x", Uint8Array.of(0x80)],
          ["x", Uint8Array.of(0xc0, 0xaf)],
          ["x", Uint8Array.of(0xed, 0xa0, 0x80)],
          ["x", Uint8Array.of(0xe2, 0x82)],
          ["x", Uint8Array.of(0xf4, 0x90, 0x80, 0x80)],
          ["x", "\u{10ffff}"],
        ],
      };
    case "bad-headers":
      return { headers: [["", "no name"]] };
    case "error":
      return Number(parameters[0]);
    default:
      throw new Error(`no such server: ${url}`);
  }
}

const guest = wasm("test-guest");
const aborting = ["send_to_a_host_that_is_not_allowed"];
const scenarios = WebAssembly.Module.exports(new WebAssembly.Module(guest))
  .filter(({ name, kind }) => kind === "function" && name !== "_initialize")
  .map(({ name }) => name)
  .filter((name) => !aborting.includes(name));

for (const scenario of scenarios) {
  test(scenario.replaceAll("_", " "), () => {
    const { exports, host } = instantiate(guest, serve);
    try {
      exports[scenario]();
    } catch (error) {
      throw error instanceof Exit ? new Error(host.stderr, { cause: error }) : error;
    }
  });
}

test("the program of the README prints the status and the body", () => {
  const { exports, host } = instantiate(guest, serve);
  exports.readme_program();
  assert.equal(host.stdout, "200\ntesting the body\n");
  assert.equal(host.requests[0].headers, "Content-Type:text/plain\n");
  assert.equal(host.open.size, 0);
});

test("an announced body takes two reads, the second of which finds the end", () => {
  const { exports, host } = instantiate(guest, serve);
  exports.an_announced_body_takes_two_reads();
  assert.equal(host.reads, 2);
});

test("what is not sent does not reach the host", () => {
  const { exports, host } = instantiate(guest, serve);
  exports.headers_that_would_read_as_others_are_not_sent();
  assert.equal(host.requests.length, 0);
});

test("the convenient functions abort with a message", () => {
  const { exports, host } = instantiate(guest, serve);
  assert.throws(() => exports.send_to_a_host_that_is_not_allowed(), Exit);
  assert.match(host.stderr, /^abort: destination_not_allowed \(7\): .+/);
});

const example = (name, args, env) => {
  const requests = [];
  const echo = (request) => {
    requests.push(request);
    return { headers: [["content-type", "text/plain"]], body: request.body };
  };
  return { requests, ...instantiate(wasm(name), echo, { args, env }) };
};

test("example post", () => {
  const { exports, host, requests } = example("post", ["http://server/x"], {});
  exports._start();
  const body = "Testing with a request body. Does this actually work?";
  assert.equal(host.stdout, `content-type: text/plain\nbody: ${body}\nstatus: 200\n`);
  assert.equal(requests[0].url, "http://server/x");
  assert.equal(requests[0].headers, "Content-Type:text/plain\nabc:def\n");
  assert.equal(host.open.size, 0);
});

test("example download", () => {
  const { exports, host } = instantiate(
    wasm("download"),
    () => ({ body: pattern(1_000_000), piece: 70_001 }),
    { args: ["http://server/x"] },
  );
  exports._start();
  const hash = fnv1a(pattern(1_000_000));
  assert.equal(host.stdout, `status: 200\nbytes: 1000000\nfnv-1a: ${hash}\n`);
  assert.equal(host.open.size, 0);
});

test("example download without a URL", () => {
  const { exports, host } = example("download", [], {});
  assert.throws(() => exports._start(), (error) => error instanceof Exit && error.code === 2);
  assert.equal(host.stderr, "usage: download URL\n");
});

test("example reactor", () => {
  const { exports, host, requests } = example("reactor", [], { HTTP_URL: "http://server/" });
  assert.equal(exports.get(), 200);
  assert.equal(exports.post(), 200);
  assert.equal(exports.concurrent(), 3);
  assert.deepEqual(
    requests.map(({ method, url }) => `${method} ${url}`),
    ["GET http://server/get", "POST http://server/post", ...Array(3).fill("GET http://server/get")],
  );
  assert.ok(host.stdout.startsWith("get: 200\n\npost: 200\nTesting"), host.stdout);
  assert.ok(host.stdout.endsWith("concurrent 1: 200\n\nconcurrent 2: 200\n\nconcurrent 3: 200\n\n"));
  assert.equal(host.open.size, 0);
});

test("example reactor, when no more responses may be open", () => {
  let requests = 0;
  const { exports, host } = instantiate(wasm("reactor"), () => (++requests > 2 ? 13 : {}));
  assert.equal(exports.concurrent(), -13);
  assert.match(host.stderr, /^too_many_sessions \(13\): /);
  assert.equal(host.open.size, 0);
});

/** The 64-bit FNV-1a hash. */
function fnv1a(bytes) {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, "0");
}
