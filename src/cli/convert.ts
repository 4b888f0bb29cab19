import { Command, Option } from "commander";
import { convertCheckpoint } from "../checkpoint/convert.ts";
import { formatConfig } from "../checkpoint/infer_config.ts";
import { megabytes } from "../graph/print.ts";
import { resolveModel } from "../tokenizer/load_model.ts";
import type { Io } from "./io.ts";
import { progress } from "./progress.ts";

interface Options {
  dtype: "f32" | "f16";
  raw?: true;
  json?: true;
}

/** `voken convert`: a training checkpoint to a small model folder. */
export function convertCommand(io: Io): Command {
  return new Command("convert")
    .description(
      "write what inference needs of a checkpoint into a folder: config.json and model.safetensors",
    )
    .argument("<checkpoint>", "a .ckpt, .pth or .safetensors file, or a folder made by convert")
    .argument("<folder>", "where the model goes")
    .addOption(new Option("--dtype <type>", "type of the weights").choices(["f32", "f16"]).default("f32"))
    .option("--raw", "take the raw weights, not their moving average")
    .option("--json", "say it in JSON")
    .action(async (checkpoint: string, folder: string, { dtype, raw, json }: Options) => {
      using bar = progress("Converting", io);
      const onProgress = ({ loaded, total }: { loaded: number; total: number }) => bar.update(loaded, total);
      const { signal } = io;
      const conversion = await convertCheckpoint(await resolveModel(checkpoint), folder, {
        dtype,
        raw,
        signal,
        onProgress,
      });
      const { config, kind, tensors, bytes } = conversion;
      if (json) io.out(JSON.stringify({ folder, dtype, kind, tensors, bytes, config }, null, 2));
      else {
        const weights = kind === "ema" ? "averaged (EMA)" : "raw";
        io.out(
          `${folder}: ${formatConfig(config)}; ${tensors} ${weights} weights in ${dtype}, ${
            megabytes(bytes)
          }`,
        );
      }
    });
}
