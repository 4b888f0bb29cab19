/** A buffer that must exist from step `first` to step `last`, both included. */
export interface Lifetime {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

/** Where each buffer lies in one arena. */
export interface ArenaPlan {
  /** Byte offset of each buffer, in the order given. */
  readonly offsets: readonly number[];
  /** Size of the arena. */
  readonly bytes: number;
  /** The largest sum of buffers alive at one step: no plan can be smaller. */
  readonly liveBytes: number;
}

/**
 * Places buffers so that two which are alive at the same step never overlap: largest first, each at the lowest
 * offset that is free for its whole life. Offsets are multiples of `align`.
 */
export function planArena(lifetimes: readonly Lifetime[], align: number): ArenaPlan {
  const sizes = lifetimes.map(({ bytes }) => Math.ceil(bytes / align) * align);
  const order = lifetimes.map((_, i) => i).sort((a, b) => sizes[b]! - sizes[a]! || a - b);
  const offsets = new Array<number>(lifetimes.length).fill(0);
  const placed: number[] = [];
  for (const i of order) {
    const { first, last } = lifetimes[i]!;
    let offset = 0;
    for (const other of placed) {
      if (lifetimes[other]!.first > last || lifetimes[other]!.last < first) continue;
      if (offsets[other]! >= offset + sizes[i]!) break;
      offset = Math.max(offset, offsets[other]! + sizes[other]!);
    }
    offsets[i] = offset;
    placed.splice(placed.findLastIndex((other) => offsets[other]! <= offset) + 1, 0, i);
  }
  return {
    offsets,
    bytes: Math.max(0, ...offsets.map((offset, i) => offset + sizes[i]!)),
    liveBytes: mostAlive(lifetimes, sizes),
  };
}

function mostAlive(lifetimes: readonly Lifetime[], sizes: readonly number[]): number {
  const change = new Map<number, number>();
  lifetimes.forEach(({ first, last }, i) => {
    change.set(first, (change.get(first) ?? 0) + sizes[i]!);
    change.set(last + 1, (change.get(last + 1) ?? 0) - sizes[i]!);
  });
  let alive = 0, most = 0;
  for (const step of [...change.keys()].sort((a, b) => a - b)) {
    alive += change.get(step)!;
    most = Math.max(most, alive);
  }
  return most;
}
