/** What was measured at a step, or after it: numbers by name. */
export interface Measured {
  readonly step: number;
  readonly [name: string]: number;
}

/** A value at a step. */
export interface Point {
  readonly step: number;
  readonly value: number;
}

/** The values of one number by step. */
export interface Series {
  readonly name: string;
  /** Ascending by step; values that are not finite are left out. */
  readonly points: readonly Point[];
}

/** The numbers of all records by name, in the order in which names appear. If a step occurs twice, the last record counts. */
export function seriesOf(records: readonly Measured[]): Series[] {
  const all = new Map<string, Map<number, number>>();
  for (const { step, ...values } of records) {
    for (const [name, value] of Object.entries(values)) {
      if (!Number.isFinite(value)) continue;
      if (!all.has(name)) all.set(name, new Map());
      all.get(name)!.set(step, value);
    }
  }
  return [...all].map(([name, values]) => ({
    name,
    points: [...values].map(([step, value]) => ({ step, value })).sort((a, b) => a.step - b.step),
  }));
}

/** The mean of two moving averages over about `window` points, one from either end, so that it does not lag behind. */
export function smoothed(points: readonly Point[], window: number): Point[] {
  const values = points.map(({ value }) => value);
  const forward = averages(values, window), backward = averages(values.reverse(), window).reverse();
  return points.map(({ step }, i) => ({ step, value: (forward[i]! + backward[i]!) / 2 }));
}

/** A moving average that forgets over `window` values, without a bias towards the first. */
function averages(values: readonly number[], window: number): number[] {
  const keep = 1 - 1 / window;
  let sum = 0, weight = 0;
  return values.map((value) => {
    sum = keep * sum + value;
    weight = keep * weight + 1;
    return sum / weight;
  });
}

/** At most about `most` points: of each stretch the smallest and the largest, so that no spike is lost. */
export function thinned(points: readonly Point[], most: number): Point[] {
  if (points.length <= most) return [...points];
  const stretch = points.length / (most / 2);
  const kept = new Set<number>([0, points.length - 1]);
  for (let start = 0; start < points.length; start += stretch) {
    let low = Math.floor(start), high = low;
    for (let i = low; i < Math.min(points.length, start + stretch); i++) {
      if (points[i]!.value < points[low]!.value) low = i;
      if (points[i]!.value > points[high]!.value) high = i;
    }
    kept.add(low).add(high);
  }
  return [...kept].sort((a, b) => a - b).map((i) => points[i]!);
}
