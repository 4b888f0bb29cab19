/** Fields that had another name in earlier versions: old path to new name. */
const fields: Readonly<Record<string, string>> = {
  "optimizer.rate": "learningRate",
  "optimizer.rateBatch": "learningRateBatch",
  "schedule.warmUp": "warmupSteps",
  "schedule.at": "milestones",
  "data.pictures": "images",
  "loss.enlarge": "entropyAnnealing",
  "overfit.pictures": "images",
  parts: "microbatches",
  recompute: "gradientCheckpointing",
  mostSkipped: "maxSkipped",
};

/** Values that had another name in earlier versions. */
const values: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "schedule.kind": {
    drops: "multi-step",
    "warm-up-cosine": "warmup-cosine",
    "warm-up-hold-linear": "warmup-hold-linear",
    "rising-cosine": "cosine-with-warmup",
  },
  "data.mirror": { picture: "image" },
};

/** The first field or value of a configuration that has an old name, and the new name. */
export function renamed(run: unknown): { field: string; name: string } | undefined {
  for (const [field, name] of Object.entries(fields)) {
    if (at(run, field) !== undefined) return { field, name };
  }
  for (const [field, names] of Object.entries(values)) {
    const value = at(run, field);
    if (typeof value === "string" && Object.hasOwn(names, value)) {
      return { field: `${field} "${value}"`, name: `"${names[value]}"` };
    }
  }
}

function at(run: unknown, field: string): unknown {
  return field.split(".").reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined,
    run,
  );
}
