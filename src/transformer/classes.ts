import { parseJsonFile } from "../io/json_file.ts";
import { classesFile } from "../models/model_files.ts";
import type { GenerativeFiles } from "../models/open_generative.ts";
import { ArgumentError, CheckpointError } from "../tensor/errors.ts";
import { editDistance } from "../tensor/nearest.ts";

/** A class, by its number or its name; `null` is none, the null condition of guidance. */
export type ClassId = number | string | null;

/** Names that an error suggests; where there are few, it lists all. */
const offered = 3, few = 20;

/** The number of a class, and of none the number of classes. Throws `ArgumentError` for an unknown class; the error suggests similar names. */
export function classNumber(
  id: ClassId,
  { classes, names }: { classes: number; names?: readonly string[] },
): number {
  const refuse = (expected: string, hint?: string): never => {
    throw new ArgumentError(`Cannot generate class ${id}`, {
      expected,
      got: JSON.stringify(id) ?? String(id),
      hint,
    });
  };
  if (id === null) return classes;
  if (typeof id === "number") {
    const fits = Number.isSafeInteger(id) && id >= 0 && id < classes;
    return fits ? id : refuse(`a whole number from 0 to ${classes - 1}`);
  }
  if (!names) return refuse(`a number from 0 to ${classes - 1}`, "this model has no names of classes");
  const wanted = simplified(id);
  const exact = names.findIndex((name) =>
    name.split(",").some((part) => simplified(part) === wanted) ||
    simplified(name) === wanted
  );
  if (exact >= 0) return exact;
  const near = names.map((name) => ({ name, far: farFrom(wanted, name) })).sort((a, b) => a.far - b.far);
  const some = near.slice(0, names.length > few ? offered : few).map(({ name }) => name).join(", ");
  return refuse("a class of the model", `did you mean ${some}`);
}

/** The names of a model's classes: those of its files, else, for 1,000 classes, those of ImageNet. */
export async function classNamesOf(
  files: Pick<GenerativeFiles, "textFile">,
  classes: number,
): Promise<string[] | undefined> {
  const found = await files.textFile(classesFile);
  if (found) return parseClassNames(found.text, { file: found.file, classes });
  return classes === 1000 ? await imagenetClasses() : undefined;
}

/** The labels of ILSVRC 2012 in their order, which the published models were trained on: synonyms between commas. */
export async function imagenetClasses(): Promise<string[]> {
  const { default: names } = await import("./imagenet_classes.json", { with: { type: "json" } });
  return names;
}

/** Reads the text of a classes.json: a list of as many names as there are classes. Throws `CheckpointError`. */
export function parseClassNames(
  text: string,
  { file, classes }: { file: string; classes: number },
): string[] {
  const names = parseJsonFile(text, { file });
  if (Array.isArray(names) && names.length === classes && names.every((name) => typeof name === "string")) {
    return names;
  }
  throw new CheckpointError(`Cannot read ${file}`, {
    expected: `a list of ${classes} names`,
    got: Array.isArray(names) ? `a list of ${names.length}` : typeof names,
  });
}

function simplified(name: string): string {
  return name.trim().toLowerCase().replaceAll(/[\s_-]+/g, " ");
}

/** The distance of a name from the wanted one: that of its most similar word, then that of the whole name. */
function farFrom(wanted: string, name: string): number {
  const whole = simplified(name), words = whole.split(/[ ,&]+/);
  const nearest = Math.min(...[whole, ...words].map((part) => editDistance(wanted, part)));
  return nearest + editDistance(wanted, whole) / 1000;
}
