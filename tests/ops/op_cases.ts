import type { WeightFormat } from "../../src/backend/backend.ts";
import type { CaseOp, CaseSpec } from "./case.ts";

/**
 * What NaN among an op's inputs does. It `spreads` to all that is computed from it, at least; or the op `compares`, and
 * NaN counts as not above zero; or NaN `never` occurs, because the op takes no floats, or is not asked
 * for, because it may not reach the output.
 */
export type NanRule = "spreads" | "compares" | "never";

/** What is asked of an op, and where it is tried. */
export interface OpCases<O extends CaseOp> {
  /** The largest normalised mean squared error that a backend may have. */
  readonly tolerance: number;
  readonly nan: NanRule;
  /** The operands in which NaN is tried; all that are f32 if not given. */
  readonly nanIn?: readonly string[];
  /** Formats of weights that the op reads beside f32; the reference reads the same. */
  readonly formats?: readonly WeightFormat[];
  readonly cases: readonly CaseSpec<O>[];
}
