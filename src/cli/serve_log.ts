import { configure, getTextFormatter, jsonLinesFormatter, type LogRecord } from "@logtape/logtape";
import type { Io } from "./io.ts";

/** Formats of the service's log. */
export const logFormats = ["text", "json", "none"] as const;
export type LogFormat = typeof logFormats[number];

/** Writes the service's log to standard error. */
export async function configureLog(name: LogFormat, io: Io): Promise<void> {
  const format = name === "json"
    ? jsonLinesFormatter
    : getTextFormatter({ timestamp: "rfc3339", value: String });
  await configure({
    reset: true,
    sinks: { note: (record: LogRecord) => io.note(format(record).trimEnd()) },
    loggers: [
      { category: "voken", lowestLevel: "info", sinks: name === "none" ? [] : ["note"] },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["note"] },
    ],
  });
}
