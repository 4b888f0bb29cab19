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
  const wide = readsWide(target, { format, vectors, rows }), each = wide ? vectorsOf[format] : 1;
  const chunks = vectors / each, normRows = norm ? rows : 0;
  const { team, teams, columns, unroll } = target.tiling === "direct"
    ? divideInSoftware(rows)
    : divide(target, { rows, blocks, outputs, matrices, each, chunks, normRows });
  const steps = Math.ceil(chunks / (team * unroll)) * unroll;
  const squares = rows * columns * matrices,
    quads = quadsOf(squares + normRows),
    share = shareOf(team, quads);
  const quantized = format === "q8" || format === "q4";
  const constants: Constants = {
    ...{ ROWS: all, R: rows, K: k, K4: vectors, O: outputs, VECTOR: k % 4 === 0 },
    ...{ TEAM: team, TEAMS: teams, COLUMNS: columns, MATRICES: matrices, GATED: Boolean(up) },
    ...{ CHUNK4: each, CHUNKS: chunks, STEPS: steps, UNROLL: unroll, RAGGED: steps * team !== chunks },
    ...{ SQUARES: squares, QUADS: quads, SPAN: team / share, SHARE: share, WIDE: wide },
    ...{ RESULTS: Math.ceil(rows * columns / team), SCALED: wide && quantized },
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

/**
 * Rows up to which a GPU's threads read 16 bytes of the weight at once. Neighbours then read vectors of x that lie apart,
 * which costs more than it saves where x is most of what is read.
 */
const wideRows = 4;

function readsWide(
  { tiling }: Target,
  { format, vectors, rows }: { format: WeightFormat; vectors: number; rows: number },
): boolean {
  if (format === "f32" || vectors % vectorsOf[format] !== 0) return false;
  return tiling === "direct" || rows <= wideRows;
}

/** Eight threads of software are one vector, which waits for no others, and keep about sixteen sums each. */
function divideInSoftware(rows: number): Division {
  const columns = Math.max(1, Math.min(8, 2 ** Math.floor(Math.log2(mostRows / rows))));
  return { team: 8, teams: 1, columns, unroll: 1 };
}

/** Columns of all matrices that share the reading of x. */
const sharedColumns = 4;
/** Threads of a team, and of one that has a long way to go or a GPU for itself. */
const shortTeam = 32, longTeam = 64;
/** Steps of a short team from which a way is long. */
const manySteps = 9;
/** With fewer threads, some of a GPU's schedulers would have none. An H200 has 528 of them, for 32 threads at a time. */
const fewThreads = 32768;
/** Teams of a workgroup at most, and bytes that several may leave in workgroup memory. */
const mostTeams = 4, mostBytes = 12288;
/** With fewer workgroups, processors of a GPU would idle. */
const fewWorkgroups = 256;
/** Chunks of weights that a thread loads at once, where it has more registers left and where fewer; vectors of x. */
const chunksAtOnce = { few: 16, many: 8 }, vectorsAtOnce = 32;

function divide(
  { workgroupBytes }: Target,
  { rows, blocks, outputs, matrices, each, chunks, normRows }: {
    rows: number;
    blocks: number;
    outputs: number;
    matrices: number;
    each: number;
    chunks: number;
    normRows: number;
  },
): Division {
  // Few rows of floats are read no slower than the weights themselves.
  const shared = rows <= 2 && each <= 2 ? sharedColumns / 2 : sharedColumns;
  let columns = Math.max(1, shared / matrices), teams = mostTeams, team = shortTeam;
  const bytes = () => bytesOf({ team, teams, quads: quadsOf(rows * columns * matrices + normRows) });
  const few = () => Math.ceil(outputs / (columns * teams)) < fewWorkgroups;
  // Many rows are much arithmetic for a thread; with several blocks of them there are threads enough.
  const idle = blocks * outputs / columns * shortTeam < fewThreads || (rows > wideRows && blocks === 1);
  if ((idle && chunks >= longTeam) || chunks >= shortTeam * manySteps) team = longTeam;
  while (teams > 1 && (few() || bytes() > mostBytes)) teams /= 2;
  if (bytes() > workgroupBytes) team = shortTeam;
  while (columns > 1 && few()) columns /= 2;
  const loads = chunksAtOnce[rows <= wideRows ? "few" : "many"];
  const most = Math.max(1, Math.floor(Math.min(loads / (columns * matrices), vectorsAtOnce / (rows * each))));
  const steps = Math.ceil(chunks / team);
  return { team, teams, columns, unroll: Math.ceil(steps / Math.ceil(steps / most)) };
}

/** Vectors of four that hold so many sums. */
function quadsOf(sums: number): number {
  return Math.ceil(sums / 4);
}

/** How many threads of a team share the adding of one of its vectors: eight at most, as then each sum is short. */
function shareOf(team: number, quads: number): number {
  return Math.max(1, team / Math.max(team / 8, Math.min(team, 2 ** Math.ceil(Math.log2(quads)))));
}

/** Bytes of workgroup memory. */
function bytesOf({ team, teams, quads }: { team: number; teams: number; quads: number }): number {
  const share = shareOf(team, quads);
  return 16 * teams * quads * (team + 2 * share);
}
