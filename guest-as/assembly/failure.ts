/**
 * Errors as values: AssemblyScript has no exceptions, so a function either gives a `Result` or
 * aborts the module.
 */

import {
  HttpError,
  Reason,
  _errorGet,
  httpErrorMessage,
  httpErrorName,
} from "./generated";

/** The longest message that the host gives, in bytes. */
const MAX_MESSAGE_SIZE: usize = 1024;

/** Where the host writes a reason, and after it how long the message is. */
const DETAILS: usize = memory.data(sizeof<u32>() + sizeof<usize>(), 8);

/** How many calls have failed. The host can explain the last one only. */
let failedCalls: u32 = 0;

/** Notes that a call of the host failed, so that no earlier failure gets its explanation. */
export function noteFailedCall(): void {
  failedCalls++;
}

/**
 * Why a call failed.
 *
 * The host explains the last call that failed, and is asked for that when `reason` or `message` is
 * first read. So read them before the next call; later they say what the code says. A program that
 * reads neither does not import the function for it.
 */
export class Failure {
  /** The method of the request, `""` if the failure is of no request. */
  method: string = "";
  /** The URL of the request without its query, `""` if the failure is of no request. */
  url: string = "";
  private explained: Reason = Reason.NONE;
  private call: u32 = 0;

  /**
   * @param code - Which error it is. Most come from the host; the others are what this package
   *   notices before or after a call, with the code that fits best.
   * @param text - What went wrong, for people; what the host says of it unless it is given.
   */
  constructor(
    readonly code: HttpError,
    private text: string | null = null,
  ) {}

  /** The failure of the call of the host that was made last. */
  static ofHost(code: HttpError): Failure {
    const failure = new Failure(code);
    noteFailedCall();
    failure.call = failedCalls;
    return failure;
  }

  /** Says which request failed. */
  inRequest(method: string, url: string): Failure {
    this.method = method;
    this.url = withoutSecrets(url);
    return this;
  }

  /** What went wrong, for people. */
  get message(): string {
    this.explain();
    const text = this.text;
    return text !== null ? text : httpErrorMessage(this.code);
  }

  /**
   * Why it failed, more exactly than `code` says. `NONE` if the host cannot tell any more, and for
   * what this package notices without it.
   */
  get reason(): Reason {
    this.explain();
    return this.explained;
  }

  /** The name of the code, such as `destination_not_allowed`. */
  get name(): string {
    return httpErrorName(this.code);
  }

  /** Code, name, request and message in one line. */
  toString(): string {
    return this.line(this.message);
  }

  /** The line like `toString`, but without asking the host, whose function is not imported then. */
  toShortString(): string {
    const text = this.text;
    return this.line(text !== null ? text : httpErrorMessage(this.code));
  }

  private line(message: string): string {
    const code = this.name + " (" + (<i32>this.code).toString() + "): ";
    if (this.url.length == 0) return code + message;
    // Messages of the host begin with the URL, if they are of a request.
    const separator = message.startsWith(this.url) ? " " : " " + this.url + ": ";
    return code + this.method + separator + message;
  }

  /** Asks the host once, while this is the failure that it can explain. */
  private explain(): void {
    const isLast = this.call != 0 && this.call == failedCalls;
    this.call = 0;
    if (!isLast) return;
    const message = new ArrayBuffer(<i32>MAX_MESSAGE_SIZE);
    const start = changetype<usize>(message);
    const size = DETAILS + sizeof<u32>();
    if (_errorGet(DETAILS, start, MAX_MESSAGE_SIZE, size) != 0) return;
    this.explained = <Reason>load<u32>(DETAILS);
    const length = load<usize>(size);
    if (length > 0) this.text = String.UTF8.decodeUnsafe(start, length);
  }
}

/** A URL without its query, fragment and user information, which may have passwords. */
function withoutSecrets(url: string): string {
  let end = url.length;
  const query = url.indexOf("?");
  if (query >= 0) end = query;
  const fragment = url.indexOf("#");
  if (fragment >= 0) end = min(end, fragment);
  const shown = url.slice(0, end);
  const scheme = shown.indexOf("://");
  if (scheme < 0) return shown;
  const authority = scheme + 3;
  const path = shown.indexOf("/", authority);
  const at = shown.slice(0, path < 0 ? end : path).lastIndexOf("@");
  return at < authority ? shown : shown.slice(0, authority) + shown.slice(at + 1);
}

/**
 * Aborts the module with the failure's message.
 *
 * @param caller - The function of this package that failed. The line that AssemblyScript names is
 *   the one below, whatever the program called.
 */
export function abortWith(failure: Failure, caller: string): void {
  throw new Error(caller + ": " + failure.toString());
}

/** What a call gives that may fail: a value, or a failure. */
export class Result<T> {
  private constructor(
    private readonly content: T,
    private readonly failure: Failure | null,
  ) {}

  /** A success. */
  static of<T>(value: T): Result<T> {
    return new Result<T>(value, null);
  }

  /** A failure. */
  static failed<T>(failure: Failure): Result<T> {
    // Nobody can see this null or zero: `value` does not give it away.
    if (isReference<T>()) return new Result<T>(changetype<T>(<usize>0), failure);
    return new Result<T>(<T>0, failure);
  }

  /** Whether there is a value. */
  get ok(): bool {
    return this.failure === null;
  }

  /**
   * The value. If there is none this aborts the module with what the code of the failure says: a
   * program that looks at results does not need a host that can say more.
   */
  get value(): T {
    const failure = this.failure;
    if (failure !== null) throw new Error(failure.toShortString());
    return this.content;
  }

  /** The failure. If there is none this aborts the module. */
  get error(): Failure {
    const failure = this.failure;
    if (failure === null) throw new Error("the result is not a failure");
    return failure;
  }
}
