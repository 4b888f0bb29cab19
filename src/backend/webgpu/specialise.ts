import { BackendError } from "../../tensor/errors.ts";
import { type KernelName, kernelSources } from "./_generated.ts";
import { callStored, declareStored, indicesOfPiece, sharing } from "./access.ts";

/** The constants of a kernel: integers (u32), switches, and literals of other types in WGSL syntax. */
export type Constants = Readonly<Record<string, number | boolean | string>>;

/** How a binding is bound. */
export interface BindingUse {
  /** Never written by any kernel: a weight or a constant. */
  readonly readOnly?: boolean;
  /** The binding of the same memory, which is read instead: WGSL forbids two bindings for memory that is written. */
  readonly sameAs?: string;
  /** Bytes of each of the bindings that hold its memory, in order. By default one binding holds it. */
  readonly pieces?: readonly number[];
  /** Whether its elements, f32 to the kernel, are stored as f16. */
  readonly f16?: boolean;
}

/** A binding that a specialised kernel declares. */
export interface Binding {
  readonly name: string;
  /** The index of the piece that it holds. */
  readonly piece: number;
  readonly index: number;
  readonly type: GPUBufferBindingType;
}

/** WGSL of a kernel for one set of constants. */
export interface SpecialisedKernel {
  readonly code: string;
  readonly bindings: readonly Binding[];
}

const declaration =
  /^@group\(0\) @binding\((\d+)\) var<(storage, read_write|storage, read|uniform)> (\w+)(?:: array<(.+)>;)?/;

/**
 * The WGSL of the kernel `name` for `constants`. Lines of its source that begin with `#` are directives:
 *
 * - `#if NAME`, `#if !NAME`, `#else`, `#end`: lines that depend on a switch;
 * - `#for i < COUNT`, `#end`: lines that are repeated for i = 0 to COUNT − 1, with `{i}` replaced by the number. COUNT is
 *   a constant or a number. Loops are unrolled here, because results in registers cannot be indexed by a variable.
 *
 * Constants become WGSL constants. Storage bindings are declared as `uses` says; `access.ts` handles those that are split
 * or stored as f16. `source` is the source of a kernel that inference does not include.
 */
export function specialise(
  name: string,
  constants: Constants,
  { uses = {}, source = kernelSources[name as KernelName] }: {
    uses?: Readonly<Record<string, BindingUse>>;
    source?: string;
  } = {},
): SpecialisedKernel {
  const lines = source.split("\n");
  const body: string[] = [];
  const end = expand(lines, 0, { name, constants, variables: {}, out: body });
  if (end !== lines.length) throw fault(name, "as many #end as #if and #for", "one more");
  const bindings: Binding[] = [], called: string[] = [];
  const types = new Map<string, string>();
  let code = body.flatMap((line) => {
    const [, index, kind, binding, element = ""] = declaration.exec(line) ?? [];
    if (binding === undefined) return line;
    types.set(binding, element);
    const { readOnly, sameAs, pieces = [0], f16 = false } = uses[binding] ?? {};
    if (sameAs !== undefined) return [];
    const read = kind === "storage, read" || (kind !== "uniform" && readOnly);
    const type = kind === "uniform" ? "uniform" : read ? "read-only-storage" : "storage";
    const own = read ? line.replace("storage, read_write", "storage, read") : line;
    for (const piece of pieces.keys()) {
      bindings.push({ name: binding, piece, index: Number(index) + piece * indicesOfPiece, type });
    }
    if (pieces.length === 1 && !f16) return own;
    called.push(binding);
    return declareStored(own, { pieces, f16, written: !read });
  }).join("\n");
  for (const [binding, { sameAs }] of Object.entries(uses)) {
    if (sameAs === undefined) continue;
    const own = types.get(binding), others = types.get(sameAs);
    // The kernel may not declare it with these constants.
    if (own && others) code = sharing(code, binding, { other: sameAs, types: [own, others] });
  }
  for (const binding of called) code = callStored(code, binding);
  const values = Object.entries(constants).filter(([, value]) => typeof value !== "boolean");
  const head = values.map(([constant, value]) =>
    typeof value === "number" ? `const ${constant} = ${value}u;` : `const ${constant} = ${value};`
  );
  const enabled = Object.values(uses).some(({ f16 }) => f16) ? ["enable f16;"] : [];
  return { code: [...enabled, ...head, code, ""].join("\n"), bindings };
}

interface Expansion {
  readonly name: string;
  readonly constants: Constants;
  readonly variables: Readonly<Record<string, number>>;
  /** Receives the lines; undefined inside of a branch that is not taken. */
  readonly out: string[] | undefined;
}

/** Expands lines from `start` up to an `#else` or `#end` that belongs to the caller, and returns its index. */
function expand(lines: readonly string[], start: number, expansion: Expansion): number {
  const { name, constants, variables, out } = expansion;
  let i = start;
  for (; i < lines.length; i++) {
    const line = lines[i]!;
    const [directive, ...words] = line.startsWith("#") ? line.slice(1).split(" ") : [];
    if (directive === undefined) {
      out?.push(line.replaceAll(/\{(\w+)\}/g, (all, variable) => `${variables[variable] ?? all}`));
    } else if (directive === "if") {
      const negated = words[0]!.startsWith("!"), value = constants[words[0]!.replace("!", "")];
      const chosen = Boolean(value) !== negated;
      i = expand(lines, i + 1, { ...expansion, out: chosen ? out : undefined });
      if (lines[i] === "#else") i = expand(lines, i + 1, { ...expansion, out: chosen ? undefined : out });
    } else if (directive === "for") {
      const [variable, , bound] = words as [string, string, string];
      const count = Number(constants[bound] ?? bound);
      if (out && !Number.isSafeInteger(count)) {
        throw fault(name, `a number for ${bound}`, String(constants[bound]));
      }
      const first = i + 1;
      i = expand(lines, first, { ...expansion, out: undefined });
      for (let value = 0; out && value < count; value++) {
        expand(lines, first, { ...expansion, variables: { ...variables, [variable]: value } });
      }
    } else {
      return i;
    }
  }
  return i;
}

function fault(name: string, expected: string, got: string): BackendError {
  return new BackendError(`Cannot specialise the kernel ${name}`, { expected, got });
}
