/** The version of this package. A constant, since not every host imports JSON; `tests/version.test.ts` compares it. */
export const version: string = "0.1.0";
