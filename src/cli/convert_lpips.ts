import { Command } from "commander";
import { convertLpips } from "../models/lpips_weights.ts";
import type { Io } from "./io.ts";
import { checkWritable } from "./outputs.ts";

/** `voken convert-lpips`: combines torchvision's and LPIPS's weights in one file. */
export function convertLpipsCommand(io: Io): Command {
  return new Command("convert-lpips")
    .description(
      "combine the weights of VGG16 and LPIPS in one file, for training with a perceptual loss",
    )
    .argument("<files...>", "torchvision's vgg16-397923af.pth and LPIPS's vgg.pth, in any order")
    .requiredOption("-o, --output <file.safetensors>", "file of the weights")
    .action(async (files: string[], { output }: { output: string }) => {
      await checkWritable(output);
      const { tensors } = await convertLpips(files, output, { signal: io.signal });
      io.out(`${output}: ${tensors} weights of LPIPS`);
    });
}
