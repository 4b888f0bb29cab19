import type { WeightSource } from "../backend/backend.ts";
import { NumericError } from "../tensor/errors.ts";

/** Whether there is neither NaN nor infinity in `values`. */
export function allFinite(values: Float32Array): boolean {
  // v − v is 0 for finite values and NaN for the others; NaN stays in the sum.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! - values[i]!;
  return sum === 0;
}

/** Throws `NumericError` if a result holds NaN or infinity; `action` completes "Cannot …". */
export function checkFinite(values: Float32Array, action: string): void {
  if (allFinite(values)) return;
  throw new NumericError(`Cannot ${action}`, {
    expected: "finite results",
    got: "NaN or infinite values",
    hint: "check the input and the checkpoint: one of them is damaged",
  });
}

/** The same weights; reading one that holds NaN or infinity throws `NumericError`. */
export function finiteWeights(source: WeightSource): WeightSource {
  return {
    ...source,
    async read(name) {
      const values = await source.read(name);
      if (allFinite(values)) return values;
      throw new NumericError(`Cannot load the weight ${name}`, {
        expected: "finite values",
        got: "NaN or infinite values",
        hint: "use another checkpoint: in this one the training had diverged, or the file is damaged",
      });
    },
  };
}
