import { Command, Option } from "commander";
import { planLayout } from "../backend/wasm/layout.ts";
import { tokenizerWeights } from "../models/tokenizer_weights.ts";
import { fuse } from "../graph/fuse.ts";
import { dumpGraph, printGraph } from "../graph/print.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { defaultModel } from "../models/find.ts";
import { openCheckpoint } from "../models/open.ts";
import { decodeGraph, encodeGraph } from "../tokenizer/programs.ts";
import { downsamplingFactor } from "../networks/magvit2/config.ts";
import { withExamples } from "./help.ts";
import type { Io } from "./io.ts";
import { modelHelp, withJson } from "./options.ts";
import { imageSize, positiveInteger } from "./parse.ts";

interface Options {
  size: { width: number; height: number };
  batch: number;
  part: "encode" | "decode" | "both";
  json?: true;
}

const parts = { encode: encodeGraph, decode: decodeGraph };

/** `voken explain`: prints the graphs of a model. */
export function explainCommand(io: Io): Command {
  const command = new Command("explain")
    .summary("print the fused graphs of a model")
    .description("print the fused graphs of a model: ops, shapes, FLOP, memory traffic, arena")
    .argument("[model]", modelHelp, defaultModel)
    .addOption(
      new Option("--size <pixels>", "size of the images, such as 256 or 640x480").argParser(imageSize)
        .default({ width: 256, height: 256 }, "256"),
    )
    .option("--batch <n>", "number of images in a batch", positiveInteger, 1)
    .addOption(
      new Option("--part <name>", "the graph to print").choices(["encode", "decode", "both"]).default("both"),
    );
  withExamples(command, ["voken explain emoji-64 --size 64 --part decode", "voken explain --json"]);
  return withJson(command)
    .action(async (model: string, { size: { width, height }, batch, part, json }: Options) => {
      await using checkpoint = await openCheckpoint(model, { cache: false, signal: io.signal });
      const { config } = tokenizerWeights(checkpoint);
      const factor = downsamplingFactor(config);
      if (width % factor || height % factor) {
        const [w, h] = [width, height].map((side) => Math.ceil(side / factor) * factor);
        throw new ArgumentError(`Cannot explain ${model} at ${width}×${height}`, {
          expected: `multiples of ${factor}`,
          hint: `images of this size are padded: use --size ${w}x${h}`,
        });
      }
      const names = part === "both" ? ["encode", "decode"] as const : [part];
      const dumps = names.map((name) => {
        const graph = fuse(parts[name](config, { n: batch, width, height }));
        const { plan } = planLayout(graph);
        return [name, dumpGraph(graph, { arenaBytes: plan.bytes, liveBytes: plan.liveBytes })] as const;
      });
      if (json) io.out(JSON.stringify(Object.fromEntries(dumps), null, 2));
      else io.out(dumps.map(([name, dump]) => `${name}\n\n${printGraph(dump)}`).join("\n\n\n"));
    });
}
