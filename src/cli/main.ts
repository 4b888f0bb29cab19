import { Command, CommanderError } from "commander";
import { VokenError } from "../tensor/errors.ts";
import { convertCommand } from "./convert.ts";
import { convertLpipsCommand } from "./convert_lpips.ts";
import { decodeCommand } from "./decode.ts";
import { doctorCommand } from "./doctor.ts";
import { encodeCommand } from "./encode.ts";
import { evaluateCommand } from "./evaluate.ts";
import { explainCommand } from "./explain.ts";
import { generateCommand } from "./generate.ts";
import { inspectCommand } from "./inspect.ts";
import type { Io } from "./io.ts";
import { reconstructCommand } from "./reconstruct.ts";
import { serveCommand } from "./serve.ts";
import { tokenizeCommand } from "./tokenize.ts";
import { trainCommand } from "./train.ts";
import { version } from "../version.ts";

const commands = [
  reconstructCommand,
  encodeCommand,
  decodeCommand,
  generateCommand,
  convertCommand,
  convertLpipsCommand,
  inspectCommand,
  explainCommand,
  tokenizeCommand,
  trainCommand,
  evaluateCommand,
  serveCommand,
  doctorCommand,
];

/** Exit code of a process that was stopped by Ctrl-C. */
const stopped = 130;

/** Runs `voken` with arguments. Returns the exit code: 0 on success, 1 for errors, 130 if stopped by Ctrl-C. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  const program = new Command("voken").description("Encode, decode and generate images with Open-MAGVIT2")
    .version(
      version,
    );
  for (const make of commands) program.addCommand(make(io));
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .configureOutput({
        writeOut: (text) => io.out(text.trimEnd()),
        writeErr: (text) => io.note(text.trimEnd()),
      })
      .showHelpAfterError(
        `(${command === program ? "voken" : `voken ${command.name()}`} --help shows the usage)`,
      );
    if (command !== program) command.option("--verbose", "print the stack traces of errors");
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    if (io.signal.aborted) {
      io.note("voken: stopped");
      return stopped;
    }
    io.note(args.includes("--verbose") ? trace(error) : `voken: ${oneLine(error)}`);
    return 1;
  }
}

function oneLine(error: unknown): string {
  if (error instanceof VokenError) return error.message.replace(/\s*\n\s*/g, " ");
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `${message.replace(/\s*\n\s*/g, " ")} (this is a bug in voken; --verbose prints its stack trace)`;
}

function trace(error: unknown): string {
  const lines = [];
  for (let cause = error; cause !== undefined; cause = cause instanceof Error ? cause.cause : undefined) {
    lines.push(cause instanceof Error ? cause.stack ?? String(cause) : String(cause));
  }
  return `voken: ${lines.join("\ncaused by ")}`;
}
