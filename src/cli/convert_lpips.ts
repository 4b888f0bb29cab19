import { Command } from "commander";
import { convertLpips } from "../models/lpips_weights.ts";
import type { Io } from "./io.ts";
import { checkWritable } from "./outputs.ts";

/** `voken convert-lpips`: torchvision's and LPIPS's weights to one file for training. */
export function convertLpipsCommand(io: Io): Command {
  return new Command("convert-lpips")
    .description(
      "put VGG16's weights and LPIPS's linear ones into one file, for training with a perceptual loss",
    )
    .argument("<files...>", "torchvision's vgg16-397923af.pth and LPIPS's vgg.pth, in any order")
    .requiredOption("-o, --output <file.safetensors>", "where the weights go")
    .action(async (files: string[], { output }: { output: string }) => {
      await checkWritable(output);
      const { tensors } = await convertLpips(files, output, { signal: io.signal });
      io.out(`${output}: ${tensors} weights of LPIPS`);
    });
}
