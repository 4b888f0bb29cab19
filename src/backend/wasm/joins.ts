import { inputsOf, type Tensor } from "../../graph/ops.ts";
import { viewed, writtenStates } from "../../graph/views.ts";
import type { Command } from "./commands.ts";
import { align } from "./heap.ts";

/** A piece of memory. */
export interface Range {
  readonly address: number;
  readonly bytes: number;
}

/** Where a step's operands and results lie; nothing for weights, which no command writes. */
export interface Places {
  of(tensor: Tensor): Range | undefined;
  /** What the commands of a step share. */
  readonly scratch: Range;
}

/** What a step reads and writes. */
interface Use {
  readonly reads: readonly Range[];
  readonly writes: readonly Range[];
}

/**
 * The commands of all steps, in order. The first command of a step joins the ones before it where it touches nothing that
 * they write and writes nothing that they touch, since the last barrier: then none is needed between them.
 */
export function joined(
  steps: readonly { readonly tensor: Tensor; readonly commands: readonly Command[]; readonly at: Places }[],
): Command[] {
  let open: Use[] = [];
  return steps.flatMap(({ tensor, commands, at }) => {
    if (commands.length === 0) return [];
    const use = useOf(tensor, at), joins = open.length > 0 && open.every((other) => apart(use, other));
    open = commands.length > 1 || !joins ? [use] : [...open, use];
    return commands.map((command, i) => i === 0 ? { ...command, joins } : command);
  });
}

function useOf(tensor: Tensor, at: Places): Use {
  const ranges = (tensors: readonly Tensor[]) => tensors.flatMap((one) => at.of(one) ?? []);
  // Ops on states may write them, if not all of them do.
  const states = inputsOf(tensor).filter((read) => viewed(read).op === "state");
  const writes = [...ranges([tensor, ...states, ...writtenStates(tensor)]), at.scratch];
  return { reads: ranges(inputsOf(tensor)), writes };
}

function apart(a: Use, b: Use): boolean {
  return disjoint(a.writes, b.writes) && disjoint(a.writes, b.reads) && disjoint(a.reads, b.writes);
}

/** Whether no two pieces share a cache line: kernels write whole vectors at the ends of buffers. */
function disjoint(a: readonly Range[], b: readonly Range[]): boolean {
  return a.every((one) => b.every((other) => end(one) <= other.address || end(other) <= one.address));
}

function end({ address, bytes }: Range): number {
  return address + Math.ceil(bytes / align) * align;
}
