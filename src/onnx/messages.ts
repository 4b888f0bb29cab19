import { bytes, type Fields, float, integer } from "../io/protobuf.ts";
import { dtypeBytes } from "../tensor/dtype.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";

/** Element types of ONNX tensors that exports use. */
export type ElementType = "f32" | "i64" | "bool" | "f16" | "f64";
/** Their numbers in `TensorProto.DataType`. */
export const elementTypes: Readonly<Record<ElementType, number>> = {
  f32: 1,
  i64: 7,
  bool: 9,
  f16: 10,
  f64: 11,
};

/** The value of a node's attribute. Numbers are floats where they are given as `{ float }`, else integers. */
export type Attribute = number | string | readonly number[] | { readonly float: number };

/** A node of an ONNX graph. Inputs that are left out have the name "". */
export interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** An input or output: a length of an axis that is not known is a name. */
export interface ValueInfo {
  /** Its name. */
  readonly name: string;
  /** Type of the elements. */
  readonly type: ElementType;
  /** Lengths of the axes, or their names. */
  readonly shape: readonly (number | string)[];
}

/** A tensor that the file holds, whose bytes are produced on demand. */
export interface Initializer {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: Shape;
  /** Whether it is a constant of the graph, not a weight. */
  readonly constant?: boolean;
  /** The elements, row-major and little-endian. */
  data(): Promise<Uint8Array> | Uint8Array;
}

/** Where an external file holds the elements of an initializer. */
export interface Place {
  /** The name of the file, in the folder of the model. */
  readonly file: string;
  readonly offset: number;
}

/** Bytes of an initializer's elements. */
export function bytesOf({ type, shape }: Initializer): number {
  return sizeOf(shape) * dtypeBytes[type];
}

/** The field `node` of a `GraphProto`. */
export function nodeField({ op, inputs, outputs, attributes }: Node): Uint8Array {
  return bytes(1, [
    ...inputs.map((name) => bytes(1, name)),
    ...outputs.map((name) => bytes(2, name)),
    bytes(3, outputs[0]!),
    bytes(4, op),
    ...Object.entries(attributes).map(([name, value]) => bytes(5, [bytes(1, name), ...attribute(value)])),
  ]);
}

/** The fields of an `AttributeProto` that hold its value and say its type. */
function attribute(value: Attribute): Fields {
  if (typeof value === "number") return [integer(3, value), integer(20, 2)];
  if (typeof value === "string") return [bytes(4, value), integer(20, 3)];
  if ("float" in value) return [float(2, value.float), integer(20, 1)];
  return [...value.map((element) => integer(8, element)), integer(20, 7)];
}

/** The field `input` (11) or `output` (12) of a `GraphProto`. */
export function valueField(field: 11 | 12, { name, type, shape }: ValueInfo): Uint8Array {
  const axes = shape.map((length) =>
    bytes(1, [typeof length === "number" ? integer(1, length) : bytes(2, length)])
  );
  return bytes(field, [
    bytes(1, name),
    bytes(2, [bytes(1, [integer(1, elementTypes[type]), bytes(2, axes)])]),
  ]);
}

/** The fields of a `TensorProto` but its elements, which `place` refers to or which follow as `raw_data`. */
export function tensorFields({ name, type, shape, ...tensor }: Initializer, place?: Place): Fields {
  const entry = (key: string, value: string) => bytes(13, [bytes(1, key), bytes(2, value)]);
  return [
    ...shape.map((length) => integer(1, length)),
    integer(2, elementTypes[type]),
    bytes(8, name),
    ...place
      ? [
        entry("location", place.file),
        entry("offset", `${place.offset}`),
        entry("length", `${bytesOf({ name, type, shape, ...tensor })}`),
        integer(14, 1),
      ]
      : [],
  ];
}
