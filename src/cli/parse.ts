import { InvalidArgumentError, Option } from "commander";

/** Parses an option that is a positive integer. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("Expected a positive integer.");
}

/** Parses an option that is an integer from 0 on. */
export function naturalNumber(text: string): number {
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new InvalidArgumentError("Expected an integer of at least 0.");
}

/** Parses a size in pixels, `256` or `640x480` (width, then height). */
export function imageSize(text: string): { width: number; height: number } {
  const [width, height = width, ...more] = text.split(/[x×]/).map(positiveInteger);
  if (more.length > 0) throw new InvalidArgumentError("Expected a size such as 256 or 640x480.");
  return { width: width!, height: height! };
}

/** The option with a name from before version 0.1.0, which is refused with its name of today. */
export function renamed(flags: string, now: string): Option {
  return new Option(flags).hideHelp().argParser(() => {
    throw new InvalidArgumentError(`The option is now ${now}.`);
  });
}
