/**
 * Plots values of a run's log as curves, side by side in an SVG file next to it, as in docs/training.md:
 *
 *     deno run -A docs/runs/curves.ts docs/runs/emoji-32-tokenizer.jsonl psnr reconstruct_loss codebook_entropy
 *
 * The curves are those of the report of a run.
 */
import { writeFileAtomic } from "../../src/io/atomic.ts";
import { curve } from "../../src/train/report/curve.ts";
import { type Measured, seriesOf } from "../../src/train/report/series.ts";

const width = 420, height = 220, title = 22;
const style =
  `text { font: 11px system-ui, sans-serif; fill: #7a8499; } .name { font-size: 13px; font-weight: 600; }
.grid { stroke: #8884; } .main { fill: none; stroke: #4a78f0; stroke-width: 2; stroke-linejoin: round; }
.raw { fill: none; stroke: #4a78f0; opacity: .3; } .dots { fill: #4a78f0; } .cursor { display: none; }`;

const [log, ...names] = Deno.args;
if (!log || names.length === 0) {
  console.error("usage: curves.ts <log.jsonl> <number>...");
  Deno.exit(2);
}
const lines = (await Deno.readTextFile(log)).trimEnd().split("\n");
const all = seriesOf(lines.map((line) => JSON.parse(line) as Measured));
const panels = names.map((name, i) => {
  const series = all.find((each) => each.name === name);
  if (!series) throw new Error(`${log} holds no ${name}, but ${all.map((each) => each.name).join(", ")}`);
  const drawn = curve(series, { steps: series.points.at(-1)!.step });
  const placed = drawn.replace("<svg ", `<svg y="${title}" width="${width}" height="${height}" `);
  return `<g transform="translate(${
    i * width
  } 0)"><text class="name" x="52" y="16">${name}</text>${placed}</g>`;
});
const size = `viewBox="0 0 ${names.length * width} ${height + title}"`;
const svg = `<svg xmlns="http://www.w3.org/2000/svg" ${size}><style>${style}</style>${
  panels.join("")
}</svg>\n`;
await writeFileAtomic(log.replace(/\.jsonl$/, ".svg"), new TextEncoder().encode(svg));
