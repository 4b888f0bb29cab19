import type { Argument, Command, HelpConfiguration, Option } from "commander";

/** How the help of commands looks. */
export const helpStyle: HelpConfiguration = {
  optionDescription: described,
  argumentDescription: described,
  subcommandTerm: (command) => `${command.name()} ${command.usage().replace("[options]", "").trim()}`.trim(),
};

/** Adds examples to the help of a command, one a line. `tests/cli/examples.slow.ts` runs them. */
export function withExamples(command: Command, examples: readonly string[]): Command {
  return command.addHelpText("after", ["\nExamples:", ...examples.map((line) => `  $ ${line}`)].join("\n"));
}

/** The description of an option or argument, with its choices and default. */
function described(value: Option | Argument): string {
  const { description, argChoices, defaultValue, defaultValueDescription } = value;
  const isSwitch = "negate" in value && !value.required && !value.optional;
  const facts = [
    ...argChoices ? [`one of ${argChoices.join(", ")}`] : [],
    ...defaultValue === undefined || isSwitch
      ? []
      : [`default: ${defaultValueDescription ?? [defaultValue].flat().join(", ")}`],
  ];
  return facts.length > 0 ? `${description} (${facts.join("; ")})` : description;
}
