import type { WeightSource } from "../backend/backend.ts";
import { unfit } from "../tensor/describe.ts";

/** Throws `ArgumentError` for what is no model of weights by name; `action` completes "Cannot …". */
export function checkModel(model: { config: object; source: WeightSource }, action: string): void {
  const { config, source } = model ?? {};
  if (typeof config === "object" && source?.shapes instanceof Map && typeof source.read === "function") {
    return;
  }
  throw unfit(
    `Cannot ${action}`,
    "a model { config, source } as tokenizerWeights and transformerWeights give",
    model,
  );
}
