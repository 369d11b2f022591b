// What the guest is told to do.

import { Headers, RequestBuilder } from "../../../../../guest-as/assembly";

/** How the body is read. */
export enum Read {
  ALL,
  STREAM,
  ONCE,
  NONE,
}

/** Less than the host allows of something. */
export class Limit {
  constructor(
    readonly name: string,
    readonly value: i64,
  ) {}

  /** Sets it; `false` if there is no such option. */
  set(builder: RequestBuilder): bool {
    if (this.name == "timeout") builder.timeout(this.value);
    else if (this.name == "connect-timeout") builder.connectTimeout(this.value);
    else if (this.name == "response-timeout") builder.responseTimeout(this.value);
    else if (this.name == "read-timeout") builder.readTimeout(this.value);
    else if (this.name == "max-redirects") builder.maxRedirects(<u32>this.value);
    else if (this.name == "max-response-body") builder.maxResponseBody(this.value);
    else return false;
    return true;
  }
}

/** One request, and what to do with its response. */
export class Instruction {
  headers: Headers = new Headers();
  body: ArrayBuffer = new ArrayBuffer(0);
  read: Read = Read.ALL;
  /** Bytes. */
  buffer: i32 = 64 * 1024;
  lookups: string[] = [];
  printHeaders: bool = false;
  printBody: bool = false;
  printSum: bool = false;
  printMessage: bool = false;
  hold: u32 = 0;
  unclosed: u32 = 0;
  repeat: u32 = 1;
  options: Limit[] = [];
  start: bool = false;
  upload: i64 = -1;
  length: i64 = -1;
  also: string[] = [];
  most: i32 = i32.MAX_VALUE;
  /** Milliseconds. */
  wait: i64 = -1;

  private constructor(
    readonly method: string,
    readonly url: string,
  ) {}

  /** The instruction; if there is none it says why on stderr. */
  static fromEnvironment(): Instruction | null {
    if (process.argv.length > 1) return Instruction.parse(process.argv.slice(1));
    if (!process.env.has("HTTP_INSTRUCTION")) return Instruction.parse([]);
    return Instruction.parse(process.env.get("HTTP_INSTRUCTION").split("\n"));
  }

  private static parse(words: string[]): Instruction | null {
    if (words.length < 2) {
      process.stderr.write("an instruction has a method and a URL\n");
      return null;
    }
    const instruction = new Instruction(words[0], words[1]);
    for (let i = 2; i < words.length; i++) {
      if (!instruction.take(words[i])) {
        process.stderr.write("not a word of an instruction: " + words[i] + "\n");
        return null;
      }
    }
    return instruction;
  }

  private take(word: string): bool {
    const equals = word.indexOf("=");
    if (equals < 0) return false;
    const key = word.slice(0, equals);
    const value = word.slice(equals + 1);
    if (key == "header") {
      const colon = value.indexOf(":");
      if (colon < 0) return false;
      this.headers.append(value.slice(0, colon), value.slice(colon + 1));
    } else if (key == "header-not-utf8") {
      // A lone surrogate: no UTF-8 is that character.
      this.headers.append(value, "caf\ud800");
    } else if (key == "body") {
      this.body = String.UTF8.encode(value);
    } else if (key == "body-size") {
      const len = number(value);
      if (len < 0) return false;
      this.body = pattern(len);
    } else if (key == "read") {
      if (value == "all") this.read = Read.ALL;
      else if (value == "stream") this.read = Read.STREAM;
      else if (value == "once") this.read = Read.ONCE;
      else if (value == "none") this.read = Read.NONE;
      else return false;
    } else if (key == "buffer") {
      this.buffer = number(value);
      return this.buffer >= 0;
    } else if (key == "get") {
      this.lookups.push(value);
    } else if (key == "print") {
      const whats = value.split(",");
      for (let i = 0; i < whats.length; i++) {
        if (whats[i] == "headers") this.printHeaders = true;
        else if (whats[i] == "body") this.printBody = true;
        else if (whats[i] == "sum") this.printSum = true;
        else if (whats[i] == "message") this.printMessage = true;
        else return false;
      }
    } else if (key == "hold") {
      this.hold = number(value);
      return <i32>this.hold >= 0;
    } else if (key == "unclosed") {
      this.unclosed = number(value);
      return <i32>this.unclosed >= 0;
    } else if (key == "repeat") {
      this.repeat = number(value);
      return <i32>this.repeat >= 0;
    } else if (key == "option") {
      const colon = value.indexOf(":");
      if (colon < 0) return false;
      const limit = new Limit(value.slice(0, colon), I64.parseInt(value.slice(colon + 1)));
      this.options.push(limit);
      return limit.set(new RequestBuilder(this.url));
    } else if (key == "send") {
      this.start = value == "start";
      return this.start;
    } else if (key == "upload") {
      this.upload = I64.parseInt(value);
    } else if (key == "length") {
      this.length = I64.parseInt(value);
    } else if (key == "also") {
      this.also.push(value);
    } else if (key == "most") {
      this.most = number(value);
      return this.most >= 0;
    } else if (key == "wait") {
      this.wait = I64.parseInt(value);
    } else {
      return false;
    }
    return true;
  }
}

/** Bytes that are each their offset modulo 251. */
function pattern(len: i32): ArrayBuffer {
  const bytes = new Uint8Array(len);
  for (let i = 0; i < min(len, 251); i++) bytes[i] = <u8>i;
  for (let filled = 251; filled < len; filled *= 2) {
    memory.copy(bytes.dataStart + filled, bytes.dataStart, min(filled, len - filled));
  }
  return bytes.buffer;
}

/** The number that a text is, or -1. */
function number(text: string): i32 {
  const value = I32.parseInt(text);
  return value.toString() == text ? value : -1;
}
