import { Command } from "commander";
import { formatConfig } from "../models/infer_config.ts";
import { type CheckpointSummary, inspectCheckpoint } from "../models/inspect.ts";
import { alignColumns, megabytes } from "../graph/print.ts";
import { formatShape } from "../tensor/shape.ts";
import { withExamples } from "./help.ts";
import type { Io } from "./io.ts";
import { modelHelp, withJson } from "./options.ts";
import { standardStream } from "./paths.ts";

interface Options {
  tensors?: true;
  json?: true;
}

/** `voken inspect`: describes the contents of a checkpoint. */
export function inspectCommand(io: Io): Command {
  const command = new Command("inspect")
    .description("describe the contents of a checkpoint without executing any of it")
    .argument("<model>", `${modelHelp}; - for standard input`)
    .option("--tensors", "list all tensors (with --json they are always listed)");
  withExamples(command, ["voken inspect emoji-64 --tensors", "voken inspect - < model.safetensors"]);
  return withJson(command)
    .action(async (file: string, { tensors, json }: Options) => {
      const source = file === standardStream ? await standardInput(io) : file;
      const summary = await inspectCheckpoint(source, { cache: false });
      if (json) return io.out(JSON.stringify(summary, null, 2));
      io.out(describe(summary));
      if (!tensors) return;
      const rows = summary.tensors.map(({ name, dtype, shape }) => [name, dtype, formatShape(shape)]);
      io.out(["", ...alignColumns(rows)].join("\n"));
    });
}

async function standardInput(io: Io): Promise<File> {
  return new File([await io.input() as Uint8Array<ArrayBuffer>], "standard input");
}

/** How many groups of tensors are listed. */
const mostGroups = 8;

function describe(summary: CheckpointSummary): string {
  const { tokenizer, transformer, problem } = summary;
  const sizes = Object.entries(summary.bytesByDtype).map(([dtype, bytes]) => `${megabytes(bytes)} ${dtype}`);
  const rows: [string, string][] = [
    ["file", `${summary.name} (${summary.format})`],
    ["holds", summary.holds],
    [
      "tensors",
      `${summary.tensors.length}, ${millions(summary.elements)} elements: ${sizes.join(", ") || "empty"}`,
    ],
  ];
  const groups = Object.entries(summary.groups);
  const listed = groups.slice(0, mostGroups).map(([name, count]) => `${name} ${count}`).join(", ");
  if (groups.length > 1) rows.push(["groups", groups.length > mostGroups ? `${listed}, …` : listed]);
  if (tokenizer) {
    const { config, like, weights, both, prefix, parameters } = tokenizer;
    const known = like.length > 0 ? ` (as ${like.join(" and ")})` : "";
    const used = weights === "raw" ? "the raw weights" : "the averaged (EMA) weights";
    const others = both ? ", or the raw ones with --raw" : ", the only ones there are";
    rows.push(["tokenizer", `${formatConfig(config)}${known}`]);
    rows.push([
      "inference",
      `${millions(parameters)} weights; uses ${used}${others}${prefix && `, below ${prefix}`}`,
    ]);
  }
  if (transformer) rows.push(["transformer", describeTransformer(transformer)]);
  if (problem) rows.push(["problem", problem.replace(/\s*\n\s*/g, " ")]);
  const others = Object.entries(summary.metadata).filter(([key]) => key !== "config.json");
  for (const [key, value] of others) rows.push([key, value.length > 80 ? `${value.slice(0, 77)}…` : value]);
  return alignColumns(rows).join("\n");
}

function describeTransformer(facts: NonNullable<CheckpointSummary["transformer"]>): string {
  const { dim, spatialBlocks, factorizedBlocks, bits, classes, parameters, like } = facts;
  const known = like.length > 0 ? ` (as ${like.join(" and ")})` : "";
  const blocks = `${spatialBlocks} + ${factorizedBlocks} blocks`;
  return `dim ${dim}, ${blocks}, bits ${bits.join(" + ")}, ${classes} classes, ${
    millions(parameters)
  } weights${known}`;
}

function millions(count: number): string {
  return `${(count / 1e6).toFixed(2)} M`;
}
