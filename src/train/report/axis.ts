/** A range of values, and those that are marked. */
export interface Axis {
  readonly low: number;
  readonly high: number;
  /** Whether distances are ratios. */
  readonly logarithmic: boolean;
  readonly ticks: readonly number[];
}

/** Values that span more than this ratio are shown by ratios. */
const wide = 50;

/** The axis of values from `low` to `high`, with about `count` marks; by ratios where they are positive and far apart. */
export function axisOf(low: number, high: number, count: number): Axis {
  if (low > 0 && high / low > wide) return logarithmicAxis(low, high, count);
  const range = high - low || Math.abs(high) || 1;
  const step = niceStep(range / count);
  const from = Math.floor(low / step + 1e-9), to = Math.max(from + 1, Math.ceil(high / step - 1e-9));
  // Multiples of a whole number, so that 0.3 does not become 0.30000000000000004.
  const ticks = Array.from({ length: to - from + 1 }, (_, i) => Number(((from + i) * step).toPrecision(12)));
  return { low: ticks[0]!, high: ticks.at(-1)!, logarithmic: false, ticks };
}

/** Where a value is: 0 at the low end, 1 at the high one. */
export function placeOn({ low, high, logarithmic }: Axis, value: number): number {
  return logarithmic ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
}

/** A number in few characters: thousands and millions by letter, small ones as powers. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${trimmed(value / 1e6, 3)}M`;
  if (size >= 1e4) return `${trimmed(value / 1e3, 3)}k`;
  if (size > 0 && size < 1e-3) return value.toExponential(1).replace(/\.0e/, "e");
  return trimmed(value, 4);
}

function trimmed(value: number, digits: number): string {
  return String(Number(value.toPrecision(digits)));
}

/** 1, 2 or 5 times a power of ten. */
function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 5, 10].find((multiple) => multiple * power >= rough * 0.999)!;
}

function logarithmicAxis(low: number, high: number, count: number): Axis {
  const first = Math.floor(Math.log10(low)), last = Math.ceil(Math.log10(high));
  const every = Math.ceil((last - first) / count);
  const ticks = [];
  for (let power = first; power <= last; power += every) ticks.push(Number(`1e${power}`));
  return { low, high, logarithmic: true, ticks: ticks.filter((tick) => tick >= low && tick <= high) };
}
