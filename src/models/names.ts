/** Prefix of the tokenizer's names in a checkpoint of a whole generative model. */
export const wholeModelPrefix = "first_stage_model.";

const emaPrefix = "model_ema.";

/** The names of a tokenizer's weights in a checkpoint. */
export interface TokenizerNames {
  /** Prefix of `encoder.` and `decoder.`. */
  readonly prefix: string;
  /** The stored names of raw weights, all those under `encoder.` and `decoder.`. */
  readonly raw: readonly string[];
  /** The stored names of the weights' averages. */
  readonly ema: readonly string[];
}

/** Finds the names of a tokenizer's weights among all names of a checkpoint. */
export function tokenizerNames(all: Iterable<string>): TokenizerNames {
  const names = [...all];
  const under = (prefix: string, dot: string) => names.filter((name) => isModel(name, prefix, dot));
  const isWhole = under("", ".").length === 0 && names.some((name) => name.startsWith(wholeModelPrefix));
  const prefix = isWhole ? wholeModelPrefix : "";
  return { prefix, raw: under(prefix, "."), ema: under(prefix + emaPrefix, "") };
}

function isModel(name: string, prefix: string, dot: string): boolean {
  return name.startsWith(`${prefix}encoder${dot}`) || name.startsWith(`${prefix}decoder${dot}`);
}

/** The name under which the average of the weight `name` is stored: without its dots. */
export function emaName(name: string, prefix: string): string {
  return prefix + emaPrefix + withoutDots(name);
}

/** The name of a weight as the names of averages contain it. */
export function withoutDots(name: string): string {
  return name.replaceAll(".", "");
}

/** `names` without `prefix`, and without dots. */
export function bareName(name: string, { prefix }: TokenizerNames, kind: "ema" | "raw"): string {
  return withoutDots(name.slice(prefix.length + (kind === "ema" ? emaPrefix.length : 0)));
}
