// What hosts that are written by hand share: each guest of the arguments is run once, and has to
// say with 0 that it got what it had to, else which step was wrong.

import { readFile } from "node:fs/promises";
import { deepStrictEqual, strictEqual, throws } from "node:assert";
import { WASI } from "node:wasi";

/** What a host knows of the guest that it is for. */
export class Guest {
  /** What the guest sent, in the order of its calls. */
  log = [];
  instance = null;
  #calls = 0;

  view() {
    return new DataView(this.instance.exports.memory.buffer);
  }

  bytes(at, length) {
    return new Uint8Array(this.instance.exports.memory.buffer, at, length);
  }

  text(at, length) {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.bytes(at, length));
  }

  /**
   * Moves the memory now and then, as a host may whose guest's memory grows: no view of before is
   * good afterwards.
   */
  move() {
    if (this.#calls++ % 8 === 0) this.instance.exports.memory.grow(1);
  }
}

/**
 * Runs the guests. `functions` makes those of the module `name` for a guest; `expected` is what
 * each guest sends when its exports of the names `runs` are called. Exports of the names `stops` are
 * ended by the host.
 */
export async function runGuests(name, functions, expected, runs = ["run"], stops = []) {
  for (const path of process.argv.slice(2)) {
    const module = await WebAssembly.compile(await readFile(path));
    const guest = new Guest();
    const own = Object.entries(functions(guest)).map(([name, call]) => [
      name,
      (...args) => {
        guest.move();
        return call(...args);
      },
    ]);
    // What the runtimes of languages ask for: nothing is open for them.
    const wasi = new WASI({ version: "preview1" });
    const env = {
      abort() {
        throw new Error("the guest ended");
      },
    };
    const imports = { [name]: Object.fromEntries(own), env, ...wasi.getImportObject() };
    guest.instance = await WebAssembly.instantiate(module, imports);
    wasi.initialize(guest.instance);
    for (const run of runs) {
      const step = guest.instance.exports[run]();
      strictEqual(step, 0, `the step of ${run} in ${path} that got something else`);
    }
    deepStrictEqual(guest.log, expected, `what ${path} sent`);
    for (const stop of stops) {
      throws(() => guest.instance.exports[stop](), { message: "7" }, `${stop} in ${path}`);
    }
    console.log(`${path}: all values arrived, in both directions`);
  }
}
