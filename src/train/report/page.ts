import { toBase64 } from "../../io/base64.ts";
import { shortNumber } from "./axis.ts";
import { curve } from "./curve.ts";
import { escaped } from "./html.ts";
import { type Measured, type Point, type Series, seriesOf, thinned } from "./series.ts";
import { script, style } from "./style.ts";

/** A sheet of images that a model made after a step. */
export interface Sheet {
  readonly step: number;
  readonly png: Uint8Array;
}

/** The content of a report. */
export interface ReportFacts {
  readonly title: string;
  /** The configuration of the run, as JSON. */
  readonly config: unknown;
  /** Steps of the whole run. */
  readonly steps: number;
  readonly records: readonly Measured[];
  /** Ascending by step. */
  readonly sheets: readonly Sheet[];
}

/** The most points that react to the pointer. */
const mostAnswers = 300;

/** A self-contained page: curves of all measured numbers, sheets, and the configuration. */
export function reportPage({ title, config, steps, records, sheets }: ReportFacts): string {
  const all = seriesOf(records);
  // Constant values are shown as text.
  const isFlat = ({ points }: Series) => points.every(({ value }) => value === points[0]!.value);
  // Evaluations, which are rarer than steps, come first: they show the quality of the model.
  const changing = all.filter((series) => !isFlat(series)).sort((a, b) => a.points.length - b.points.length);
  const step = records.reduce((most, record) => Math.max(most, record.step), 0);
  const newest = sheets.at(-1);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
<p class="lead">${escaped(progressOf({ step, steps, all }))}</p>
<div class="bar"><i style="width:${Math.min(100, 100 * step / steps).toFixed(1)}%"></i></div>
${newest ? `<h2>Samples</h2>${sheetOf(newest)}` : ""}
${sheets.length > 1 ? `<details><summary>Earlier samples</summary>${earlier(sheets)}</details>` : ""}
<h2>Curves</h2>
<div class="grid2">${changing.map((series) => figureOf(series, Math.max(step, 1))).join("\n")}</div>
<h2>Numbers</h2>
<div class="card wide">${table(all)}</div>
<h2>Configuration</h2>
<details class="card"><summary>As JSON</summary><pre>${
    escaped(JSON.stringify(config, null, 2) ?? "")
  }</pre></details>
</main>
<script>${script}</script>
</body>
</html>
`;
}

function progressOf(
  { step, steps, all }: { step: number; steps: number; all: readonly Series[] },
): string {
  const seconds = all.find(({ name }) => name === "seconds")?.points.at(-1)?.value;
  const parts = [`Step ${step.toLocaleString("en")} of ${steps.toLocaleString("en")}`];
  if (seconds !== undefined) parts.push(`${shortNumber(seconds)} s a step`);
  if (seconds !== undefined && step < steps) parts.push(`${duration(seconds * (steps - step))} to go`);
  return parts.join(" · ");
}

function duration(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function figureOf(series: Series, steps: number): string {
  const last = series.points.at(-1)!;
  const answers = thinned(series.points, mostAnswers).map((
    { step, value },
  ) => [step, Number(value.toPrecision(6))]);
  return `<figure data-points="${escaped(JSON.stringify(answers))}"><figcaption>${escaped(series.name)}` +
    `<output>${shortNumber(last.value)}</output></figcaption>${curve(series, { steps })}</figure>`;
}

function table(all: readonly Series[]): string {
  const rows = all.map(({ name, points }) => {
    const pick = (isBetter: (a: Point, b: Point) => boolean) =>
      points.reduce((a, b) => isBetter(b, a) ? b : a);
    const lowest = pick((a, b) => a.value < b.value), highest = pick((a, b) => a.value > b.value);
    const at = ({ step, value }: Point) => `<td>${shortNumber(value)}</td><td>${step}</td>`;
    return `<tr><td>${escaped(name)}</td><td>${shortNumber(points.at(-1)!.value)}</td>${at(lowest)}${
      at(highest)
    }</tr>`;
  });
  return `<table><thead><tr><th>Number</th><th>Latest</th><th>Lowest</th><th>at step</th><th>Highest</th>` +
    `<th>at step</th></tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

function earlier(sheets: readonly Sheet[]): string {
  return `<div class="grid2">${sheets.slice(0, -1).reverse().map(sheetOf).join("")}</div>`;
}

function sheetOf({ step, png }: Sheet): string {
  return `<figure class="sheet"><figcaption>Step ${step.toLocaleString("en")}</figcaption>` +
    `<img alt="Samples after step ${step}" src="data:image/png;base64,${toBase64(png)}"></figure>`;
}
