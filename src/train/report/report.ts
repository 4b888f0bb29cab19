import { type AtomicOptions, writeFileAtomic } from "../../io/atomic.ts";
import { files } from "../../io/host.ts";
import { isMissing, reasonOf } from "../../io/reason.ts";
import { contactSheet, type ContactSheetOptions } from "../../image/contact_sheet.ts";
import { encodeImage } from "../../image/encode.ts";
import type { Image } from "../../image/image.ts";
import { FileError } from "../../tensor/errors.ts";
import { type ReportFacts, reportPage, type Sheet } from "./page.ts";

/** Where a run's report and its sheets are, in the run's folder. */
export const reportFile = "report.html", sheetsFolder = "sheets";

/** Sheets that the report shows: the newest, and others at about equal distances. */
const mostSheets = 7;

/**
 * Writes the report of a run with its sheets into its folder, replacing an earlier report. Throws `FileError` if that
 * fails; the earlier report is then kept.
 */
export async function writeReport(
  folder: string,
  facts: Omit<ReportFacts, "sheets">,
  options: AtomicOptions = {},
): Promise<void> {
  const page = reportPage({ ...facts, sheets: await readSheets(folder) });
  await writeFileAtomic(`${folder}/${reportFile}`, new TextEncoder().encode(page), options);
}

/**
 * Writes rows of images, such as originals over reconstructions, as the sheet of a step into a run's folder, and gives the
 * sheet. Throws `FileError` where the file system refuses, and `ArgumentError` as `contactSheet` does.
 */
export async function saveSheet(
  folder: string,
  step: number,
  rows: readonly (readonly Image[])[],
  { fileSystem, ...layout }: ContactSheetOptions & AtomicOptions = {},
): Promise<Image> {
  const sheet = contactSheet(rows, layout);
  const png = await encodeImage(sheet);
  try {
    await files().mkdir(`${folder}/${sheetsFolder}`, { recursive: true });
  } catch (cause) {
    throw new FileError(`Cannot make the folder ${folder}/${sheetsFolder}`, { got: reasonOf(cause), cause });
  }
  await writeFileAtomic(sheetPath(folder, step), png, { fileSystem });
  return sheet;
}

/** Where the sheet of a step is. */
export function sheetPath(folder: string, step: number): string {
  return `${folder}/${sheetsFolder}/step-${String(step).padStart(8, "0")}.png`;
}

/** Some of a folder's sheets, ascending by step. */
async function readSheets(folder: string): Promise<Sheet[]> {
  const steps: number[] = [];
  try {
    for (const name of await files().readdir(`${folder}/${sheetsFolder}`)) {
      const step = /^step-(\d+)\.png$/.exec(name)?.[1];
      if (step !== undefined) steps.push(Number(step));
    }
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  steps.sort((a, b) => a - b);
  const last = steps.length - 1, count = Math.min(steps.length, mostSheets);
  const chosen = Array.from(
    { length: count },
    (_, i) => steps[count > 1 ? Math.round(i * last / (count - 1)) : 0]!,
  );
  return await Promise.all(
    chosen.map(async (step) => ({ step, png: await files().readFile(sheetPath(folder, step)) })),
  );
}
