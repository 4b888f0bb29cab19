import { Command, Option } from "commander";
import { planLayout } from "../backend/wasm/layout.ts";
import { tokenizerWeights } from "../models/tokenizer_weights.ts";
import { fuse } from "../graph/fuse.ts";
import { dumpGraph, printGraph } from "../graph/print.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { defaultModel, openModel } from "../models/find.ts";
import { decodeGraph, encodeGraph } from "../tokenizer/programs.ts";
import { downsamplingFactor } from "../networks/magvit2/config.ts";
import type { Io } from "./io.ts";
import { extent, wholeNumber } from "./options.ts";

interface Options {
  size: { width: number; height: number };
  batch: number;
  part: "encode" | "decode" | "both";
  json?: true;
}

const parts = { encode: encodeGraph, decode: decodeGraph };

/** `voken explain`: the graph that a model runs. */
export function explainCommand(io: Io): Command {
  return new Command("explain")
    .description("show the fused graph that a model runs: ops, shapes, arithmetic, bytes, arena")
    .argument("[model]", "a checkpoint, a folder made by convert, or a name in models/", defaultModel)
    .option("--size <pixels>", "size of the images, such as 256 or 640x480", extent, {
      width: 256,
      height: 256,
    })
    .option("--batch <n>", "images at once", wholeNumber, 1)
    .addOption(
      new Option("--part <name>", "what to show").choices(["encode", "decode", "both"]).default("both"),
    )
    .option("--json", "say it in JSON")
    .action(async (model: string, { size: { width, height }, batch, part, json }: Options) => {
      await using checkpoint = await openModel(model);
      const { config } = tokenizerWeights(checkpoint);
      const factor = downsamplingFactor(config);
      if (width % factor || height % factor) {
        const [w, h] = [width, height].map((side) => Math.ceil(side / factor) * factor);
        throw new ArgumentError(`Cannot explain ${model} at ${width}×${height}`, {
          expected: `multiples of ${factor}`,
          hint: `such images are padded: use --size ${w}x${h}`,
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
