import { type Axis, axisOf, placeOn, shortNumber } from "./axis.ts";
import { type Point, type Series, smoothed, thinned } from "./series.ts";
import { escaped } from "./html.ts";

const width = 420, height = 220;
const frame = { left: 52, right: 12, top: 10, bottom: 26 };
/** Points that are drawn at most, and above how many a smooth line is laid over them. */
const mostPoints = 400, manyPoints = 60;

/** A curve over steps as SVG, its colours by the page's classes; steps from 0 to `steps`. */
export function curve({ name, points }: Series, { steps }: { steps: number }): string {
  const values = points.map(({ value }) => value);
  const x = { ...axisOf(0, Math.max(1, steps), 5), high: Math.max(1, steps) };
  const y = axisOf(least(values), greatest(values), 4);
  const shown = thinned(points, mostPoints);
  const smooth = points.length > manyPoints
    ? thinned(smoothed(points, Math.max(2, points.length / 80)), mostPoints)
    : undefined;
  const lines = [
    line(shown, { x, y, kind: smooth ? "raw" : "main" }),
    ...(smooth ? [line(smooth, { x, y, kind: "main" })] : []),
  ];
  const main = smooth ?? shown;
  const dots = main.length <= manyPoints && !smooth
    ? main.map((point) => `<circle r="2" cx="${across(x, point.step)}" cy="${up(y, point.value)}"/>`)
    : [];
  return [
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(name)} by step" ` +
    `data-left="${frame.left}" data-right="${width - frame.right}" data-steps="${x.high}">`,
    ...y.ticks.map((tick) =>
      `<path class="grid" d="M${frame.left} ${up(y, tick)}H${width - frame.right}"/>` +
      `<text class="tick" x="${frame.left - 6}" y="${up(y, tick) + 4}" text-anchor="end">${
        shortNumber(tick)
      }</text>`
    ),
    ...x.ticks.filter((tick) => tick <= x.high).map((tick) =>
      `<text class="tick" x="${across(x, tick)}" y="${height - 8}" text-anchor="middle">${
        shortNumber(tick)
      }</text>`
    ),
    ...lines,
    `<g class="dots">${dots.join("")}</g>`,
    `<g class="cursor" hidden=""><path d="M0 ${frame.top}V${height - frame.bottom}"/></g>`,
    "</svg>",
  ].join("");
}

function line(points: readonly Point[], { x, y, kind }: { x: Axis; y: Axis; kind: string }): string {
  const path = points.map(({ step, value }, i) => `${i ? "L" : "M"}${across(x, step)} ${up(y, value)}`);
  return `<path class="${kind}" d="${path.join("")}"/>`;
}

function across(axis: Axis, step: number): number {
  return rounded(frame.left + placeOn(axis, step) * (width - frame.left - frame.right));
}

function up(axis: Axis, value: number): number {
  return rounded(height - frame.bottom - placeOn(axis, value) * (height - frame.top - frame.bottom));
}

/** To a tenth of a pixel, which halves the file. */
function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

// Spreading hundreds of thousands of values over a call's arguments would overflow the stack.
function least(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Infinity);
}

function greatest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), -Infinity);
}
