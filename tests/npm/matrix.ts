/** What works where: the table of the README, whose cells `matrix.slow.ts` tests. Run by itself, it prints the table. */

/** The hosts, in the order of the table. */
export const hostNames = [
  "Deno, from JSR",
  "Deno, clone",
  "Node 22",
  "Node 24",
  "Bun",
  "Chromium",
  "Chromium, isolated",
  "Chromium, Vite",
  "workerd",
] as const;

/** The features, in the order of the table. */
export const featureNames = [
  "tokenizer",
  "threads",
  "WebGPU",
  "codecs",
  "generator",
  "name",
  "URL",
  "hub",
  "service",
] as const;

export type HostName = typeof hostNames[number];
export type Feature = typeof featureNames[number];

/** Why a feature is not there: what the table says, and what the error says that a user gets. */
export interface Missing {
  readonly because: string;
  readonly error: RegExp;
}

const noGpu: Missing = { because: "There is no WebGPU.", error: /without WebGPU/ };
const oneThread: Missing = {
  because: "Only isolated pages (COOP and COEP) share memory with threads; others compute on one.",
  error: /serve the page with the headers of cross-origin isolation/,
};
const noThreads: Missing = {
  because: "There are no threads; it computes on one.",
  error: /got an engine or a page without them/,
};

/** What is missing; all else works. */
export const missing: Partial<Record<HostName, Partial<Record<Feature, Missing>>>> = {
  "Node 22": { WebGPU: noGpu },
  "Node 24": { WebGPU: noGpu },
  Bun: { WebGPU: noGpu },
  Chromium: { threads: oneThread },
  workerd: { threads: noThreads, WebGPU: noGpu },
};

/** The table in Markdown, with the reasons below. */
export function matrixTable(): string {
  const reasons: string[] = [];
  const cell = (host: HostName, feature: Feature) => {
    const lack = missing[host]?.[feature];
    if (!lack) return "yes";
    if (!reasons.includes(lack.because)) reasons.push(lack.because);
    return `no (${reasons.indexOf(lack.because) + 1})`;
  };
  const rows = [
    ["", ...featureNames],
    ["", ...featureNames].map(() => "---"),
    ...hostNames.map((host) => [host, ...featureNames.map((feature) => cell(host, feature))]),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    `| ${row.map((text, column) => text.padEnd(widths[column]!, text === "---" ? "-" : " ")).join(" | ")} |`
  );
  return [...lines, "", ...reasons.map((reason, i) => `${i + 1}. ${reason}`)].join("\n");
}

if (import.meta.main) console.log(matrixTable());
