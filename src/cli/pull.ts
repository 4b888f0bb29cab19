import { Command } from "commander";
import { alignColumns, megabytes } from "../graph/print.ts";
import { pullModel } from "../models/pull.ts";
import { withExamples } from "./help.ts";
import type { Io } from "./io.ts";
import { modelHelp, withJson } from "./options.ts";
import { progress } from "./progress.ts";

/** `voken pull`: fetches a model. */
export function pullCommand(io: Io): Command {
  const command = new Command("pull")
    .description("fetch all files of a model and keep them, so that it can be used without a network")
    .argument("<model>", modelHelp);
  withExamples(command, ["voken pull emoji-64"]);
  return withJson(command)
    .action(async (model: string, { json }: { json?: true }) => {
      using bar = progress("Fetching", io);
      const files = await pullModel(model, { signal: io.signal, onProgress: bar.onLoad });
      if (json) return io.out(JSON.stringify(files, null, 2));
      io.out(alignColumns(files.map(({ path, bytes }) => [path, megabytes(bytes)]), [1]).join("\n"));
    });
}
