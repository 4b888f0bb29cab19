import { CheckpointError } from "../../tensor/errors.ts";

/** Packages whose classes and functions are used in training checkpoints. */
const packages = new Set([
  "argparse",
  "collections",
  "datetime",
  "lightning",
  "numpy",
  "omegaconf",
  "pathlib",
  "pytorch_lightning",
  "torch",
]);

/** Other names: the encoding of byte strings by Python 3, and the types that omegaconf's nodes refer to. */
const names = new Set([
  "_codecs.encode",
  "typing.Any",
  ...[
    "bool",
    "bytes",
    "complex",
    "dict",
    "float",
    "frozenset",
    "int",
    "list",
    "object",
    "set",
    "str",
    "tuple",
  ]
    .flatMap((type) => [`__builtin__.${type}`, `builtins.${type}`]),
]);

/**
 * Throws `CheckpointError` for a name that no checkpoint needs. Allowed names are never called either: only the few that
 * describe tensors have a meaning.
 */
export function checkName(name: string, { file }: { file: string }): void {
  if (names.has(name) || packages.has(name.slice(0, name.indexOf(".")))) return;
  throw new CheckpointError(`Cannot read ${file}: its pickle names ${JSON.stringify(name)}`, {
    expected: "names of torch, numpy, lightning and the like",
    got: "another one",
    hint: "do not trust it: it would run code when loaded in Python",
  });
}
