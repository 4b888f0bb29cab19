import type { TokenizerConfig } from "../../networks/magvit2/config.ts";
import { lfq } from "./lfq.ts";
import type { Quantizer } from "./quantizer.ts";

/** The quantizer of a tokenizer's configuration. */
export function quantizerOf({ zChannels }: TokenizerConfig): Quantizer {
  return lfq(zChannels);
}
