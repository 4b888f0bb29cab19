import * as assert from "uvu/assert";
import type { VokenError } from "../../src/tensor/errors.ts";

/** Asserts that `work` fails with an error of a class, whose message matches. Returns the error. */
export async function thrown<E extends VokenError>(
  kind: new (...args: never[]) => E,
  work: () => unknown,
  message: RegExp = /./,
): Promise<E> {
  let result: unknown;
  try {
    result = await work();
  } catch (error) {
    if (!(error instanceof kind)) throw error;
    assert.match(error.message, message);
    return error;
  }
  throw new Error(`nothing was thrown, but ${Deno.inspect(result)} returned`);
}
