/**
 * Prints figures of the source: `deno task figures`. With `--check` it fails if one is over its limit, and
 * `deno task figures:newcomer` prints what a newcomer's commands take.
 */
import { findCircles } from "./figures/circles.ts";
import { findDuplicates } from "./figures/duplicates.ts";
import { readSources, totalBytes, trackedFiles } from "./figures/sources.ts";

interface Figure {
  readonly name: string;
  readonly value: number;
  readonly limit?: number;
  /** What counts towards the value. */
  readonly details?: readonly string[];
}

const limits = { median: 80, largest: 300, circles: 0, duplicates: 0, megabytes: 25 };
/** How many equal lines are a repetition. */
const run = 6;

const paths = await trackedFiles(), sources = await readSources(paths);
const byLength = sources.toSorted((a, b) => b.lines.length - a.lines.length);
const circles = findCircles(sources), duplicates = findDuplicates(sources, run);

const figures: readonly Figure[] = [
  { name: "files of source", value: sources.length },
  {
    name: "lines of the median file",
    value: byLength[Math.floor(byLength.length / 2)]!.lines.length,
    limit: limits.median,
  },
  {
    name: "lines of the longest file",
    value: byLength[0]!.lines.length,
    limit: limits.largest,
    details: byLength.filter(({ lines }) => lines.length > limits.largest)
      .map(({ path, lines }) => `${path}: ${lines.length}`),
  },
  {
    name: "circles of imports",
    value: circles.length,
    limit: limits.circles,
    details: circles.map((circle) => circle.join(" → ")),
  },
  {
    name: `runs of ${run} or more equal lines in two places`,
    value: duplicates.length,
    limit: limits.duplicates,
    details: duplicates.map(({ first, second, length }) =>
      `${first.path}:${first.line} and ${second.path}:${second.line}, ${length} lines`
    ),
  },
  { name: "names exported by mod.ts", value: await exportedNames() },
  { name: "MB tracked", value: Math.ceil(await totalBytes(paths) / 1e5) / 10, limit: limits.megabytes },
];

let failed = 0;
for (const { name, value, limit, details = [] } of figures) {
  const over = limit !== undefined && value > limit;
  if (over) failed++;
  console.log(
    `${name}: ${value}${limit === undefined ? "" : ` (at most ${limit})`}${over ? ", too much" : ""}`,
  );
  if (over) { for (const detail of details) console.log(`  ${detail}`); }
}
if (Deno.args.includes("--check") && failed > 0) Deno.exit(1);

/** Counts the names that mod.ts exports. */
async function exportedNames(): Promise<number> {
  const text = await Deno.readTextFile(new URL("../mod.ts", import.meta.url));
  return [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)]
    .flatMap(([, names]) => names!.split(",").filter((name) => name.trim() !== "")).length;
}
