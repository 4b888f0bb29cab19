import process from "node:process";
import { getLogger } from "@logtape/logtape";
import { files } from "../io/host.ts";
import { reasonOf } from "../io/reason.ts";
import type { AuthOptions } from "../service/options.ts";
import { ArgumentError } from "../tensor/errors.ts";

/**
 * Reads bearer tokens from a file with one on each line; lines that begin with # are comments. Throws `ArgumentError`
 * if the file cannot be read, contains no token, or one of fewer than 16 characters.
 */
export async function readBearerTokens(path: string): Promise<string[]> {
  let text: string;
  try {
    text = await files().readFile(path, "utf8");
  } catch (cause) {
    throw new ArgumentError(`Cannot read the tokens in ${path}`, {
      got: reasonOf(cause),
      cause,
    });
  }
  const tokens = text.split("\n").map((line) => line.trim()).filter((line) => line && !line.startsWith("#"));
  // An empty file must not disable authentication.
  if (tokens.length > 0 && tokens.every((token) => token.length >= 16)) return tokens;
  throw new ArgumentError(`Cannot use the tokens in ${path}`, {
    expected: "one or more, each of at least 16 characters on a line of its own",
    got: tokens.length === 0 ? "none" : "a shorter one",
    hint: "create one with `openssl rand -hex 32`",
  });
}

/**
 * The tokens of some files, which are read again at SIGHUP; a file that cannot be used then leaves those that were valid.
 * Throws `ArgumentError` as `readBearerTokens` does. Disposing it ends that.
 */
export async function tokenFiles(
  { tokens: path, metricsTokens: metricsPath }: { tokens?: string; metricsTokens?: string },
): Promise<AuthOptions & Disposable> {
  const read = async () => ({
    tokens: path === undefined ? [] : await readBearerTokens(path),
    metricsTokens: metricsPath === undefined ? undefined : await readBearerTokens(metricsPath),
  });
  let current = await read();
  const reload = async () => {
    const log = getLogger(["voken", "service"]);
    try {
      current = await read();
      log.info("read the tokens again");
    } catch (error) {
      log.error("{error}", { error: (error as Error).message });
    }
  };
  // Windows has no such signal.
  const signals = process.platform === "win32" ? [] : ["SIGHUP" as const];
  for (const signal of signals) process.on(signal, reload);
  return {
    tokens: () => current.tokens,
    ...current.metricsTokens && { metricsTokens: () => current.metricsTokens ?? [] },
    [Symbol.dispose]() {
      for (const signal of signals) process.off(signal, reload);
    },
  };
}
