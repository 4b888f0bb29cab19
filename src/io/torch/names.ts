import { CheckpointError } from "../../tensor/errors.ts";

/** Packages whose classes and functions occur in training checkpoints. */
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

/** Single names: what Python 3 writes for byte strings, and the plain types that omegaconf's nodes refer to. */
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
 * Throws `CheckpointError` for a name that has no place in a checkpoint. Those that pass are not called either: all but
 * the few that describe tensors stay inert.
 */
export function checkName(name: string, { file }: { file: string }): void {
  if (names.has(name) || packages.has(name.slice(0, name.indexOf(".")))) return;
  throw new CheckpointError(`Cannot read ${file}: its pickle names ${JSON.stringify(name)}`, {
    expected: "names of torch, numpy, lightning and the like",
    got: "one that no checkpoint needs",
    hint: "the file would run code when loaded in Python: do not trust it",
  });
}
