import { flopOf } from "../../../graph/flop.ts";
import type { Tensor, TensorOf } from "../../../graph/ops.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import type { WeightFormat } from "../../backend.ts";
import { type Command, folded, type Operand } from "../commands.ts";
import type { Target } from "../lowering.ts";
import { formatConstants, formatOf, matrix } from "../product.ts";
import type { Constants } from "../specialise.ts";

/** Rows that a workgroup does at most, with one reading of the weight. */
const mostRows = 16;
/** Vectors of four in 16 bytes of a row. */
const vectorsOf: Readonly<Record<WeightFormat, number>> = { f32: 1, f16: 2, q8: 4, q4: 8 };

/** How the columns of a product are divided among threads, see `kernels/linear.wgsl`. */
interface Division {
  /** Threads that share a column, and how many such teams a workgroup has. */
  readonly team: number;
  readonly teams: number;
  /** Columns of a team. */
  readonly columns: number;
  /** Chunks that a thread loads at once. */
  readonly unroll: number;
}

/** `linear` for few rows in one dispatch, with all that is fused. */
export function matvec(tensor: TensorOf<"linear">, target: Target): Command[] {
  const { x, weight, bias, norm, up, residual } = tensor.inputs;
  const [outputs, k] = weight.shape as [number, number];
  const all = sizeOf(x.shape) / k, blocks = Math.ceil(all / mostRows), rows = Math.ceil(all / blocks);
  const packed = matrix(weight, target), packedUp = up && matrix(up, target);
  const matrices = up ? 2 : 1, vectors = Math.ceil(k / 4), format = formatOf(packed.operand, target);
  const wide = vectors % vectorsOf[format] === 0 && format !== "f32", each = wide ? vectorsOf[format] : 1;
  const chunks = vectors / each;
  const { team, teams, columns, unroll } = target.tiling === "direct"
    ? divideInSoftware(rows)
    : divide({ rows, outputs, matrices, each, chunks, normed: Boolean(norm) });
  const steps = Math.ceil(chunks / (team * unroll)) * unroll;
  const squares = rows * columns * matrices, quads = Math.ceil((squares + (norm ? rows : 0)) / 4);
  const span = Math.min(team, Math.max(4, 2 ** Math.ceil(Math.log2(quads))));
  const quantized = format === "q8" || format === "q4";
  const constants: Constants = {
    ...{ ROWS: all, R: rows, K: k, K4: vectors, O: outputs, VECTOR: k % 4 === 0 },
    ...{ TEAM: team, TEAMS: teams, COLUMNS: columns, MATRICES: matrices, GATED: Boolean(up) },
    ...{ CHUNK4: each, CHUNKS: chunks, STEPS: steps, UNROLL: unroll, RAGGED: steps * team !== chunks },
    ...{
      SQUARES: squares,
      QUADS: quads,
      SPAN: span,
      SHARE: team / span,
      WIDE: wide,
      SCALED: wide && quantized,
    },
    ...{ BIAS: Boolean(bias), NORM: Boolean(norm), RESIDUAL: Boolean(residual) },
    ...formatConstants(packed.operand, { width: k, target }),
    ...wide && { F16: format === "f16" },
    ...norm && { EPS: `f32(${tensor.attrs.eps})` },
  };
  const read = (operand: Operand | undefined) =>
    wide && operand && "packed" in operand ? { ...operand, words: true } : operand;
  const [x0, y0] = folded(Math.ceil(outputs / (columns * teams)));
  return [...packed.commands, ...packedUp?.commands ?? [], {
    kernel: "linear",
    constants,
    bindings: {
      ...{ x, matrix0: read(packed.operand), matrix1: read(packedUp?.operand) },
      ...{ norm, bias, residual, out: tensor as Tensor },
    },
    workgroups: [x0, y0, blocks],
    flop: flopOf(tensor as Tensor),
  }];
}

/** Eight threads of software are one vector, which waits for no others, and keep about sixteen sums each. */
function divideInSoftware(rows: number): Division {
  const columns = Math.max(1, Math.min(8, 2 ** Math.floor(Math.log2(mostRows / rows))));
  return { team: 8, teams: 1, columns, unroll: 1 };
}

/** Columns of all matrices that share the reading of x. */
const sharedColumns = 4;
/** Teams of a workgroup at most, and the sums that they may leave in workgroup memory. */
const mostTeams = 4, mostSums = 80;
/** With fewer workgroups, processors of a GPU would idle. */
const fewWorkgroups = 256;
/** Chunks of weights, and vectors of x, that a thread loads at once. */
const chunksAtOnce = 8, vectorsAtOnce = 32;

function divide(
  { rows, outputs, matrices, each, chunks, normed }: {
    rows: number;
    outputs: number;
    matrices: number;
    each: number;
    chunks: number;
    normed: boolean;
  },
): Division {
  const team = 32;
  // Few rows of floats are read no slower than the weights themselves.
  const shared = rows <= 2 && each <= 2 ? sharedColumns / 2 : sharedColumns;
  let columns = Math.max(1, shared / matrices), teams = mostTeams;
  const sums = () => rows * (columns * matrices + (normed ? 1 : 0));
  const few = () => Math.ceil(outputs / (columns * teams)) < fewWorkgroups;
  while (teams > 1 && (few() || teams * sums() > mostSums)) teams /= 2;
  while (columns > 1 && few()) columns /= 2;
  const atOnce = Math.min(chunksAtOnce / (columns * matrices), vectorsAtOnce / (rows * each));
  const unroll = Math.max(1, Math.min(Math.floor(atOnce), Math.ceil(chunks / team)));
  return { team, teams, columns, unroll };
}
