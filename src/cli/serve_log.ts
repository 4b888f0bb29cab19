import { configure, getJsonLinesFormatter, getTextFormatter, type LogRecord } from "@logtape/logtape";
import type { Io } from "./io.ts";

/** Formats of the service's log. */
export const logFormats = ["text", "json", "none"] as const;
export type LogFormat = typeof logFormats[number];

/**
 * Writes the service's log to standard error. As JSON, each line is an object with the properties of the record, such as
 * `requestId` and `traceId`, beside its time, level, logger and message.
 */
export async function configureLog(name: LogFormat, io: Io): Promise<void> {
  const format = name === "json"
    ? getJsonLinesFormatter({ properties: "flatten" })
    : getTextFormatter({ timestamp: "rfc3339" });
  await configure({
    reset: true,
    sinks: { note: (record: LogRecord) => io.note(format(withText(record)).trimEnd()) },
    loggers: [
      { category: "voken", lowestLevel: "info", sinks: name === "none" ? [] : ["note"] },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["note"] },
    ],
  });
}

/**
 * The record with its message as one line of text: errors and clients cannot make others of it. LogTape would write the values
 * in it as code, with quotes and in colours.
 */
function withText(record: LogRecord): LogRecord {
  const text = record.message.map(String).join("");
  return { ...record, message: [text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ")] };
}
