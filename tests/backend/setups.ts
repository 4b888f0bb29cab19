import { chooseVariant, detectFeatures } from "../../src/backend/wasm/features.ts";
import type { WasmOptions } from "../../src/backend/wasm/machine.ts";
import { VokenError } from "../../src/tensor/errors.ts";

/** A way to set the WASM backend up, and what this machine lacks for it. */
export interface Setup {
  readonly title: string;
  readonly options: WasmOptions;
  /** Why it cannot be tested here. */
  readonly missing?: string;
}

const candidates: readonly { title: string; options: WasmOptions }[] = [
  { title: "threads, 1", options: { variant: "threads", threads: 1 } },
  { title: "threads, 2", options: { variant: "threads", threads: 2 } },
  { title: "threads, 4", options: { variant: "threads", threads: 4 } },
  { title: "relaxed", options: { variant: "relaxed" } },
  { title: "simd", options: { variant: "simd" } },
];

/** Every variant, the threads with 1, 2 and 4 of them. */
export const setups: readonly Setup[] = candidates.map((candidate) => {
  try {
    chooseVariant(detectFeatures(), { ...candidate.options, processors: 1 });
    return candidate;
  } catch (error) {
    if (!(error instanceof VokenError)) throw error;
    console.log(`  no tests of variant ${candidate.title} on this machine: ${error.message}`);
    return { ...candidate, missing: error.message };
  }
});
