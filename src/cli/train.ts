import { Argument, Command } from "commander";
import type { Io } from "./io.ts";
import { wholeNumber } from "./options.ts";
import { stemOf } from "./outputs.ts";
import { trainingProgress } from "./train_progress.ts";

interface Options {
  config: string;
  data?: string;
  out?: string;
  resume?: true;
  overfit?: number;
  autoLr?: true;
}

/** `voken train`: a run of training in a folder of its own. */
export function trainCommand(io: Io): Command {
  return new Command("train")
    .description("train a tokenizer, or a transformer on a tokenizer's tokens")
    .addArgument(new Argument("<stage>", "what to train").choices(["tokenizer", "transformer"]))
    .requiredOption("--config <run.json>", "how to train, see docs/training.md; or a configuration's name")
    .option("--data <path>", "the images or tokens, in the place of those of the configuration")
    .option("-o, --out <folder>", "the run's folder (default: runs/ and the name of the configuration)")
    .option("--resume", "go on from the folder's newest checkpoint")
    .option("--overfit <n>", "test: learn the first n images by heart, or fail", wholeNumber)
    .option("--auto-lr", "scale the learning rate by the batch, against optimizer.rateBatch")
    .action(async (stage: "tokenizer" | "transformer", options: Options) => {
      // Loaded only when it is asked for: no other command needs it.
      const { overfitting, readRun, train, withScaledRate } = await import("../train/mod.ts");
      const name = stemOf(options.config) + (options.overfit ? "-overfit" : "");
      const folder = options.out ?? `runs/${name}`;
      const read = await readRun(options.config, stage, options);
      const scaled = options.autoLr ? withScaledRate(read) : read;
      const run = options.overfit ? overfitting(scaled, options.overfit) : scaled;
      if (run.stage === "tokenizer" && !run.loss.perceptual) {
        io.note("training without a perceptual loss: loss.perceptual names no weights of LPIPS");
      }
      using bar = trainingProgress(io, run.steps);
      using stop = stopSignal(io);
      const trained = await train(run, {
        folder,
        resume: options.resume,
        signal: stop.signal,
        onEncoded: bar.onEncoded,
        onStep: bar.onStep,
        onRecord: bar.onRecord,
        onDamaged: ({ name, reason }) => io.note(`voken: passed over ${name}: ${reason}`),
      }).catch((error) => {
        if (!stop.signal.aborted || error !== stop.signal.reason) throw error;
      });
      bar[Symbol.dispose]();
      if (!trained) return io.out(`stopped before the first step: ${folder}`);
      const { finished, step, skipped, best, checkpoint, models } = trained;
      if (skipped > 0) io.note(`${skipped} steps were skipped: their numbers were not finite`);
      if (best) io.note(`best at step ${best.step}: ${best.value}`);
      io.out(finished ? `${step} steps: ${models.join(", ")}` : `stopped after step ${step}: ${checkpoint}`);
    });
}

/** A signal that Ctrl-C and SIGTERM abort; then a second Ctrl-C ends the process at once. */
function stopSignal(io: Io): Disposable & { signal: AbortSignal } {
  const controller = new AbortController(), stop = () => controller.abort();
  const terminable = Deno.build.os !== "windows";
  if (terminable) Deno.addSignalListener("SIGTERM", stop);
  return {
    signal: AbortSignal.any([io.signal, controller.signal]),
    [Symbol.dispose]() {
      if (terminable) Deno.removeSignalListener("SIGTERM", stop);
    },
  };
}
