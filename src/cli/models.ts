import { Command, Option } from "commander";
import { alignColumns, megabytes } from "../graph/print.ts";
import { cacheFolder } from "../io/cache/folder.ts";
import { type CachedFile, cachedFiles, removeCached } from "../models/cached.ts";
import { knownModels } from "../models/known.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { count } from "./count.ts";
import { withExamples } from "./help.ts";
import type { Io } from "./io.ts";
import { withJson } from "./options.ts";

interface Options {
  known?: true;
  remove?: string;
  json?: true;
}

/** `voken models`: lists the models that were downloaded. */
export function modelsCommand(io: Io): Command {
  const command = new Command("models")
    .description("list the models that were downloaded, or those that are published")
    .option("--known", "list the published models of Open-MAGVIT2 instead")
    .addOption(
      new Option("--remove <model>", "remove the files of a model, or one of them").conflicts("known"),
    );
  withExamples(command, ["voken models", "voken models --known"]);
  return withJson(command)
    .action(async ({ known, remove, json }: Options) => {
      if (known) return io.out(json ? JSON.stringify(knownModels, null, 2) : describeKnown());
      const files = await (remove === undefined ? cachedFiles() : removeCached(remove));
      if (remove !== undefined && files.length === 0) {
        throw new ArgumentError(`Cannot remove ${remove}`, {
          expected: "a model that was downloaded",
          got: "none of this name",
          hint: "voken models lists them",
        });
      }
      const folder = cacheFolder() ?? "no folder, because neither HOME nor VOKEN_CACHE is set";
      if (json) return io.out(JSON.stringify({ folder: cacheFolder(), files }, null, 2));
      io.out(describe(files, remove === undefined ? `in ${folder}` : "removed"));
    });
}

function describe(files: readonly CachedFile[], what: string): string {
  const rows = files.map(({ source, bytes, date, complete }) => [
    source,
    megabytes(bytes),
    date.toISOString().slice(0, 10),
    complete ? "" : "not complete",
  ]);
  const total = megabytes(files.reduce((sum, { bytes }) => sum + bytes, 0));
  return [
    ...rows.length > 0 ? alignColumns(rows, [1]) : [],
    `${count(files.length, "file")}, ${total} ${what}`,
  ].join("\n");
}

function describeKnown(): string {
  return alignColumns(knownModels.map(({ source, holds }) => [source, holds])).join("\n");
}
