import type { Tensor, TensorOf } from "../graph/ops.ts";
import { StateValues } from "./states.ts";
import { toF16 } from "../io/convert_dtype.ts";
import { numbersToF16 } from "../tensor/dtype.ts";
import { ArgumentError } from "../tensor/errors.ts";
import type { Shape } from "../tensor/shape.ts";
import { type Attribute, type ElementType, elementTypes, type Initializer, type Node } from "./messages.ts";

/** Where an export gets weights from, by their names in the checkpoint. */
export interface ExportWeights {
  /** The weight `name` in f32, row-major. */
  read(name: string): Promise<Float32Array>;
}

/**
 * What a tensor is called in an ONNX graph: the name of a value with its axes in the tensor's order, or, as `first`, of one
 * whose channels, the last axis, come second, as ONNX's convolutions have it.
 */
export type Named = string | { readonly first: string };

/** Operands in one layout. */
interface Together {
  readonly names: readonly string[];
  /** Where an axis of the tensors lies in this layout. */
  axis(axis: number): number;
  /** Says that a value has this layout. */
  named(name: string): Named;
}

/**
 * Collects the nodes and initializers of an ONNX graph, and knows which values stand for a tensor. A tensor is brought into
 * another layout where an op asks for it, once, so that maps stay channels-first from one convolution to the next.
 *
 * Floats are of the type `float`, u32 is `i64`: few runtimes compute with u32.
 */
export class Emitter {
  readonly nodes: Node[] = [];
  readonly initializers: Initializer[] = [];
  readonly float: "f32" | "f16";
  readonly states: StateValues = new StateValues(this);
  readonly #weights: ExportWeights;
  readonly #values: Map<Tensor, { plain?: string; first?: string }> = new Map();
  readonly #stored: Map<string, string> = new Map();
  #count = 0;

  constructor(weights: ExportWeights, float: "f32" | "f16") {
    this.#weights = weights;
    this.float = float;
  }

  /** Says what a tensor is called. */
  set(tensor: Tensor, named: Named): void {
    this.#values.set(tensor, typeof named === "string" ? { plain: named } : named);
  }

  /** The value of a tensor with its axes in their order. */
  plain(tensor: Tensor): string {
    const known = this.#known(tensor), axes = tensor.shape.length;
    return known.plain ??= this.node("Transpose", [known.first!], {
      perm: [0, ...Array.from({ length: axes - 2 }, (_, i) => i + 2), 1],
    });
  }

  /** The value of a tensor `[N,…,C]` as `[N,C,…]`. */
  first(tensor: Tensor): string {
    const known = this.#known(tensor), axes = tensor.shape.length;
    if (axes < 3) return this.plain(tensor);
    return known.first ??= this.node("Transpose", [known.plain!], {
      perm: [0, axes - 1, ...Array.from({ length: axes - 2 }, (_, i) => i + 1)],
    });
  }

  /** The values of operands that are broadcast to each other, in the layout that they have, if they can have the same. */
  together(...tensors: readonly Tensor[]): Together {
    const axes = Math.max(...tensors.map(({ shape }) => shape.length));
    const alike = tensors.every(({ shape }) => shape.length === axes || shape.length === 0);
    const first = alike && tensors.some((tensor) => this.#values.get(tensor)?.first !== undefined);
    return {
      names: tensors.map((tensor) => {
        if (tensor.op === "constant" && tensor.shape.length < Math.min(axes, 1)) {
          return this.floats(tensor.attrs.value.data);
        }
        return first ? this.first(tensor) : this.plain(tensor);
      }),
      axis: (axis) => !first || axis === 0 ? axis : axis === axes - 1 ? 1 : axis + 1,
      named: (name) => first ? { first: name } : name,
    };
  }

  /** A node of one output, whose name it returns. */
  node(
    op: string,
    inputs: readonly (string | undefined)[],
    attributes: Readonly<Record<string, Attribute | undefined>> = {},
  ): string {
    return this.nodeOf(op, inputs, attributes, 1)[0]!;
  }

  /** A node of `count` outputs, whose names it returns. */
  nodeOf(
    op: string,
    inputs: readonly (string | undefined)[],
    attributes: Readonly<Record<string, Attribute | undefined>>,
    count: number,
  ): string[] {
    const outputs = Array.from({ length: count }, () => `${op}_${this.#count++}`);
    const given = Object.entries(attributes).filter((entry): entry is [string, Attribute] =>
      entry[1] !== undefined
    );
    this.nodes.push({
      op,
      // Left out at the end, not named "": WebGPU's convolution takes any third input for a bias.
      inputs: inputs.slice(0, 1 + inputs.findLastIndex((name) => name !== undefined)).map((name) =>
        name ?? ""
      ),
      outputs,
      attributes: Object.fromEntries(given),
    });
    return outputs;
  }

  /** Gives `value` a name of its own. */
  rename(value: string, name: string): void {
    this.nodes.push({ op: "Identity", inputs: [value], outputs: [name], attributes: {} });
  }

  /** `value` in another element type. */
  cast(value: string, type: ElementType): string {
    return this.node("Cast", [value], { to: elementTypes[type] });
  }

  /** The element type of a tensor's value. */
  typeOf(tensor: Tensor): ElementType {
    if (tensor.dtype === "u32") return "i64";
    return tensor.op === "state" && tensor.attrs.f16 ? "f16" : this.float;
  }

  /** A value of floats in f32, where an op needs its range. `float` is the way back. */
  wide(value: string): string {
    return this.float === "f32" ? value : this.cast(value, "f32");
  }

  /** A value in f32 as floats of the graph's type. */
  narrow(value: string): string {
    return this.float === "f32" ? value : this.cast(value, this.float);
  }

  /**
   * Constant floats, along one axis if no shape is given: not all runtimes take scalars. `wide` ones are f32 in any case.
   */
  floats(
    values: ArrayLike<number>,
    shape: Shape = [values.length],
    { wide = false }: { wide?: boolean } = {},
  ): string {
    const type = wide ? "f32" : this.float;
    const data = type === "f32" ? Float32Array.from(values) : numbersToF16(Float32Array.from(values));
    return this.#constant(type, shape, bytesIn(data));
  }

  /** Constant integers, along one axis if no shape is given. */
  ints(values: ArrayLike<number>, shape: Shape = [values.length]): string {
    return this.#constant("i64", shape, bytesIn(BigInt64Array.from(Array.from(values), BigInt)));
  }

  /** One constant integer, `[]`. */
  int(value: number): string {
    return this.ints([value], []);
  }

  /** Constant f64. */
  doubles(values: readonly number[], shape: Shape = []): string {
    return this.#constant("f64", shape, bytesIn(Float64Array.from(values)));
  }

  /** A matrix `[O,C]` as `[C,O]`. Weights are stored so. */
  transposed(matrix: Tensor): string {
    return matrix.op === "param"
      ? this.#weight(matrix, { transposed: true })
      : this.node("Transpose", [this.plain(matrix)], { perm: [1, 0] });
  }

  #known(tensor: Tensor): { plain?: string; first?: string } {
    if (tensor.op === "state") return { plain: this.states.of(tensor) };
    const known = this.#values.get(tensor) ?? { plain: this.#leaf(tensor) };
    this.#values.set(tensor, known);
    return known;
  }

  #leaf(tensor: Tensor): string {
    if (tensor.op === "param") return this.#weight(tensor);
    if (tensor.op !== "constant") throw new ArgumentError(`Cannot export ${tensor.op}`, { got: "no value" });
    const { shape, data } = tensor.attrs.value;
    return data instanceof Float32Array ? this.floats(data, shape) : this.ints(data, shape);
  }

  #weight({ attrs: { name, shape } }: TensorOf<"param">, { transposed = false } = {}): string {
    const stored = transposed ? `${name}.T` : name, type = this.float;
    if (this.#stored.has(stored)) return stored;
    this.#stored.set(stored, stored);
    const data = async () => {
      const values = await this.#weights.read(name);
      const laid = transposed ? transpose(values, shape as [number, number]) : values;
      return type === "f32" ? bytesIn(laid) : toF16(laid, { tensor: name });
    };
    this.initializers.push({ name: stored, type, shape: transposed ? shape.toReversed() : shape, data });
    return stored;
  }

  /** An initializer for values known now. Equal ones are stored once. */
  #constant(type: ElementType, shape: Shape, data: Uint8Array): string {
    const key = `${type} ${shape} ${data.length > 256 ? this.#count++ : data}`;
    const name = this.#stored.get(key) ?? `constant_${this.#count++}`;
    if (!this.#stored.has(key)) {
      this.initializers.push({ name, type, shape, constant: true, data: () => data });
    }
    this.#stored.set(key, name);
    return name;
  }
}

function bytesIn({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function transpose(values: Float32Array, [rows, columns]: readonly [number, number]): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, at++) result[column * rows + row] = values[at]!;
  }
  return result;
}
