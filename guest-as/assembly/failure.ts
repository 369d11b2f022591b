/**
 * Errors as values: AssemblyScript has no exceptions, so a function either gives a `Result` or
 * aborts the module.
 */

import { HttpError, httpErrorMessage, httpErrorName } from "./generated";

/** Why a call failed. */
export class Failure {
  /**
   * @param code - Which error it is. Most come from the host; the others are what this package
   *   notices before or after a call, with the code that fits best.
   * @param text - What went wrong, for people; what the host means by the code unless it is given.
   */
  constructor(
    readonly code: HttpError,
    private readonly text: string | null = null,
  ) {}

  /** The failure that the host means by a code. */
  static ofHost(code: HttpError): Failure {
    return new Failure(code);
  }

  /** What went wrong, for people. */
  get message(): string {
    // Not before it is asked for: most failures are only told apart by their code.
    const text = this.text;
    return text !== null ? text : httpErrorMessage(this.code);
  }

  /** The name of the code, such as `destination_not_allowed`. */
  get name(): string {
    return httpErrorName(this.code);
  }

  /** Code, name and message in one line. */
  toString(): string {
    const code = <i32>this.code;
    return this.name + " (" + code.toString() + "): " + this.message;
  }
}

/** Aborts the module with the failure's message. */
export function abortWith(failure: Failure): void {
  throw new Error(failure.toString());
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
    // Nobody can see this null: `value` does not give it away.
    return new Result<T>(changetype<T>(<usize>0), failure);
  }

  /** Whether there is a value. */
  get ok(): bool {
    return this.failure === null;
  }

  /** The value. If there is none this aborts the module with the failure's message. */
  get value(): T {
    const failure = this.failure;
    if (failure !== null) abortWith(failure);
    return this.content;
  }

  /** The failure. If there is none this aborts the module. */
  get error(): Failure {
    const failure = this.failure;
    if (failure === null) throw new Error("the result is not a failure");
    return failure;
  }
}
