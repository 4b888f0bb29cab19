import type { Tokens } from "./tokens.ts";

/** What tokens stand for without the padding. */
export type TokensSize = NonNullable<Tokens["size"]>;

/** A size as files have it: width, height and perhaps frames. */
export function sidesOf({ width, height, frames }: TokensSize): number[] {
  return frames === undefined ? [width, height] : [width, height, frames];
}

/** The size of such a list. */
export function sizeOfSides([width, height, frames]: readonly number[]): TokensSize {
  return { width: width!, height: height!, ...frames !== undefined && { frames } };
}
