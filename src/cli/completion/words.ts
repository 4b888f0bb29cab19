import type { Command, Option } from "commander";
import { modelNames } from "../../models/find.ts";

/** What may stand at a place of the command line. */
export interface Fitting {
  readonly words: readonly string[];
  /** Whether names of files and folders fit, too. */
  readonly files: boolean;
}

/** An option, as completion scripts need it. */
export interface OptionWords {
  /** `-o` and `--output`, or the latter alone. */
  readonly flags: readonly string[];
  readonly description: string;
  /** The name of its value and what fits there; none for switches. */
  readonly value?: Fitting & { readonly name: string };
}

/** A command, as completion scripts need it. */
export interface CommandWords {
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionWords[];
  readonly operands: Fitting;
}

/** The commands of a program, with their options and arguments. */
export function commandWords(program: Command): CommandWords[] {
  const help = program.createHelp(), commands = help.visibleCommands(program);
  const names = commands.map((command) => command.name());
  return commands.map((command) => {
    const operands = command.registeredArguments.map((argument) =>
      argument.name() === "command"
        ? { words: names, files: false }
        : fitting(argument.name(), argument.argChoices)
    );
    return {
      name: command.name(),
      description: command.summary() || command.description(),
      options: help.visibleOptions(command).map(optionWords),
      operands: {
        words: operands.flatMap(({ words }) => words),
        files: operands.some(({ files }) => files),
      },
    };
  });
}

function optionWords({ short, long, flags, description, argChoices }: Option): OptionWords {
  const name = /[<[](.*?)(?:\.\.\.)?[>\]]/.exec(flags)?.[1];
  return {
    flags: [short, long].filter((flag) => flag !== undefined),
    description,
    ...name === undefined ? {} : { value: { name, ...fitting(name, argChoices) } },
  };
}

/** What fits a value, by its choices or by its name in the help: `<model>`, `<folder>`, `<tokens.npz>`. */
function fitting(name: string, choices: readonly string[] | undefined): Fitting {
  return {
    words: choices ?? (/^(model|tokenizer|checkpoint)$/.test(name) ? modelNames : []),
    files: choices === undefined &&
      /file|path|folder|model|tokenizer|checkpoint|images|tokens|\.\w+$/.test(name),
  };
}
