import type { WeightSource } from "../backend/backend.ts";
import { weightSource } from "../backend/requests.ts";
import { unfit } from "../tensor/describe.ts";
import { checkOptions, type Kinds, record } from "../tensor/options.ts";

/** Throws `ArgumentError` for what is no model of weights by name; `action` completes "Cannot …". */
export function checkModel<Config extends object>(
  model: { config: Config; source: Pick<WeightSource, "shapes" | "read"> },
  kinds: Kinds<Config>,
  action: string,
): void {
  const { config, source } = model ?? {};
  if (!record.fits(config) || !weightSource.fits(source)) {
    const expected = "a model { config, source } as tokenizerWeights and transformerWeights give";
    throw unfit(`Cannot ${action}`, expected, model);
  }
  checkOptions(config, kinds, `${action}: config`);
}
