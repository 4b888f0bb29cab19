import { CheckpointError } from "../../tensor/errors.ts";

/** Modules whose functions reach the system, the network or the interpreter. */
const unsafeModules = new Set([
  "_pickle",
  "aiohttp",
  "asyncio",
  "bdb",
  "builtins",
  "cffi",
  "code",
  "codeop",
  "commands",
  "cProfile",
  "ctypes",
  "ftplib",
  "http",
  "httplib",
  "importlib",
  "marshal",
  "nt",
  "os",
  "pdb",
  "pickle",
  "pip",
  "platform",
  "posix",
  "profile",
  "pty",
  "pydoc",
  "requests",
  "runpy",
  "shutil",
  "signal",
  "smtplib",
  "socket",
  "subprocess",
  "sys",
  "tempfile",
  "timeit",
  "trace",
  "urllib",
  "venv",
  "webbrowser",
  "__builtin__",
]);

/** Other functions that run what they are given, or fetch it. */
const unsafeNames = new Set([
  "numpy.testing._private.utils.runstring",
  "operator.attrgetter",
  "operator.methodcaller",
  "torch.hub.load",
  "torch.load",
  "torch.serialization.load",
  "types.CodeType",
  "types.FunctionType",
]);

/** What modules above have that runs nothing: types. */
const safeNames = new Set([
  "os.PathLike",
  ...[
    "bool",
    "bytearray",
    "bytes",
    "complex",
    "dict",
    "float",
    "frozenset",
    "int",
    "list",
    "object",
    "range",
    "set",
    "slice",
    "str",
    "tuple",
  ].flatMap((type) => [`__builtin__.${type}`, `builtins.${type}`]),
  ...["long", "unicode", "xrange"].map((type) => `__builtin__.${type}`),
  ...["PosixPath", "PurePosixPath", "WindowsPath"].map((type) => `pathlib.${type}`),
]);

/**
 * Throws `CheckpointError` for a name that Python would run code by when it loads the file. Any other name is allowed,
 * whatever it is: none is ever called, and only the few that describe tensors have a meaning.
 */
export function checkName(name: string, { file }: { file: string }): void {
  const isUnsafe = unsafeNames.has(name) || unsafeModules.has(name.slice(0, name.indexOf(".")));
  if (!isUnsafe || safeNames.has(name)) return;
  throw new CheckpointError(`Cannot read ${file}: its pickle names ${JSON.stringify(name)}`, {
    expected: "names of tensors, types and settings",
    got: "a function that reaches the system",
    hint: "do not trust it: it would run code when loaded in Python",
  });
}
