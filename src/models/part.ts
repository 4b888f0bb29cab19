import type { Checkpoint, StoredTensor } from "../io/checkpoint.ts";
import { CheckpointError } from "../tensor/errors.ts";

/** What distinguishes the names of a model's weights, and what to call the model. */
export interface PartKey {
  /** The name of a weight that every such model has. */
  readonly weight: string;
  readonly model: string;
  /** Prefixes of names that the model's readers know themselves. */
  readonly known: readonly string[];
}

/** A part of a checkpoint, and what its names began with. */
export interface Part {
  readonly checkpoint: Checkpoint;
  readonly prefix: string;
}

/** What is before the name `weight` in the names of a checkpoint: `""`, or a path that ends in a dot. */
export function prefixesOf({ tensors }: Pick<Checkpoint, "tensors">, weight: string): string[] {
  return [...tensors.keys()].filter((name) => name === weight || name.endsWith(`.${weight}`))
    .map((name) => name.slice(0, name.length - weight.length));
}

/** The tensors of a checkpoint whose names begin with `prefix`, without it. */
export function below(checkpoint: Checkpoint, prefix: string): Checkpoint {
  if (prefix === "") return checkpoint;
  const tensors = new Map<string, StoredTensor>();
  for (const [name, tensor] of checkpoint.tensors) {
    if (name.startsWith(prefix)) tensors.set(name.slice(prefix.length), tensor);
  }
  return { ...checkpoint, tensors, read: (name) => checkpoint.read(prefix + name) };
}

/**
 * The part of a checkpoint that holds a model, without what is before its names: `ema.` and `module.` of
 * `ema.module.encoder.conv_in.weight`. `wanted` chooses where several parts do, by what their names begin with: one prefix
 * chooses the transformer below `ema.` and its tokenizer below `ema.first_stage_model.`.
 *
 * Throws `CheckpointError`, which lists them, if it does not.
 */
export function partWith(checkpoint: Checkpoint, { weight, model, known }: PartKey, wanted?: string): Part {
  const all = prefixesOf(checkpoint, weight);
  const prefixes = wanted === undefined ? all : all.filter((prefix) => prefix.startsWith(wanted));
  const listed = all.map((prefix) => JSON.stringify(prefix)).join(", ");
  if (prefixes.length === 0 && all.length > 1) {
    throw new CheckpointError(
      `Cannot load ${model} from ${checkpoint.name}: prefix ${JSON.stringify(wanted)}`,
      { expected: `what the names of ${model} begin with: ${listed}` },
    );
  }
  const exact = [wanted, ...known].find((prefix) => prefix !== undefined && prefixes.includes(prefix));
  if (exact === undefined && prefixes.length > 1) {
    throw new CheckpointError(`Cannot load ${model} from ${checkpoint.name}`, {
      expected: "one",
      got: `${prefixes.length}, whose names begin with ${listed}`,
      hint: "choose one by the option prefix (--prefix)",
    });
  }
  // A prefix is not used where there is but one part: it may be that of another model of the file.
  const prefix = exact ?? prefixes[0] ?? all[0] ?? "";
  return { checkpoint: known.includes(prefix) ? checkpoint : below(checkpoint, prefix), prefix };
}

/** Types whose values are no weights. */
const counted: ReadonlySet<string> = new Set(["i64", "i32", "i16", "i8", "u32", "u16", "u8", "bool"]);

/** Throws `CheckpointError` for a weight of a model that is stored as whole numbers. */
export function checkWeightTypes({ name: file, tensors }: Checkpoint, names: Iterable<string>): void {
  for (const name of names) {
    const dtype = tensors.get(name)?.dtype;
    if (dtype === undefined || !counted.has(dtype)) continue;
    throw new CheckpointError(`Cannot load ${name} from ${file}`, {
      expected: "a weight of floats",
      got: `whole numbers (${dtype})`,
      hint: "convert the original weights; scales of whole numbers in other files are not known",
    });
  }
}
