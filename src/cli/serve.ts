import { configure, getTextFormatter, jsonLinesFormatter, type LogRecord } from "@logtape/logtape";
import { Command, InvalidArgumentError, Option } from "commander";
import type { Backend } from "../backend/backend.ts";
import { createBackend } from "../backend/select.ts";
import { weightsFile } from "../models/open.ts";
import { defaultLimits, type Limits } from "../service/limits.ts";
import type { ModelFiles, ServedModel } from "../service/options.ts";
import { serve } from "../service/serve.ts";
import { createService } from "../service/service.ts";
import { ArgumentError } from "../tensor/errors.ts";
import { defaultModel, modelNames, resolveModel } from "../models/find.ts";
import { Generator } from "../transformer/generator.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { isGenerative, transformerFile } from "../models/open_generative.ts";
import type { Io } from "./io.ts";
import { loadTokenizer, type ModelOptions, wholeNumber, withBackend } from "./options.ts";
import { progress } from "./progress.ts";
import { stemOf } from "./outputs.ts";

interface Options extends Omit<ModelOptions, "model"> {
  model: string[];
  host: string;
  port: number;
  tokens?: string;
  rateLimit?: number;
  origin: string[];
  trustProxy?: true;
  limit: Partial<Limits>;
  log: "text" | "json" | "none";
  pages: boolean;
}

/** `voken serve`: models over HTTP. */
export function serveCommand(io: Io): Command {
  return withBackend(new Command("serve"))
    .description("serve models over HTTP until Ctrl-C or SIGTERM; the work under way is then finished")
    .option("-m, --model <model...>", "checkpoints, folders made by convert, or names in models/", [
      defaultModel,
    ])
    .option("--host <address>", "where to listen; 0.0.0.0 is every interface", "127.0.0.1")
    .option("--port <port>", "0 takes a free one", portNumber, 8080)
    .option("--tokens <file>", "bearer tokens that open the API, one a line (default: everybody may come)")
    .option("--rate-limit <n>", "requests a minute of one token or address", wholeNumber)
    .option("--origin <origin...>", "origins whose pages may call (CORS)", [])
    .option("--trust-proxy", "take addresses from X-Forwarded-For, as a proxy of yours sets it")
    .option("--limit <name=value>", `one of ${Object.keys(defaultLimits).join(", ")}`, limit, {})
    .option("--no-pages", "serve neither the playground nor /docs")
    .addOption(
      new Option("--log <form>", "how requests are logged").choices(["text", "json", "none"]).default("text"),
    )
    .action(async (options: Options) => {
      const tokens = options.tokens === undefined ? [] : await readTokens(options.tokens);
      await configureLog(options.log, io);
      await using stack = new AsyncDisposableStack();
      const models: ServedModel[] = [];
      // All models on one backend: their runs take turns, and none takes the processors from another.
      const backend = stack.use(await createBackend(options.backend, options));
      for (const model of options.model) {
        const tokenizer = stack.use(await loadTokenizer({ ...options, backend, model }, io));
        const generator = await isGenerative(model)
          ? stack.use(await loadGenerator(model, { backend, tokenizer }, io))
          : undefined;
        models.push({ name: stemOf(model), tokenizer, generator, files: await shippedFiles(model) });
      }
      const { limit: limits, rateLimit, origin: origins, trustProxy, pages } = options;
      const service = stack.use(
        createService({ models, limits, auth: { tokens }, rateLimit, origins, trustProxy, pages }),
      );
      const server = stack.use(await serve(service, { hostname: options.host, port: options.port }));
      const address = options.host.includes(":") ? `[${options.host}]` : options.host;
      io.out(`Serving ${models.map(({ name }) => name).join(", ")} on http://${address}:${server.port}`);
      using _signals = onStop(io, () => void server.stop());
      await server.finished;
    });
}

/** The generator decodes by the tokenizer that is served, too: its weights are loaded once. */
async function loadGenerator(
  model: string,
  options: { backend: Backend; tokenizer: Tokenizer },
  io: Io,
): Promise<Generator> {
  using bar = progress("Loading the transformer", io);
  const onProgress = ({ loaded, total }: { loaded: number; total: number }) => bar.update(loaded, total);
  return await Generator.load(model, { ...options, signal: io.signal, onProgress });
}

/** Calls `stop` at Ctrl-C and SIGTERM, until disposed. */
function onStop(io: Io, stop: () => void): Disposable {
  io.signal.addEventListener("abort", stop, { once: true });
  if (io.signal.aborted) stop();
  const terminable = Deno.build.os !== "windows";
  if (terminable) Deno.addSignalListener("SIGTERM", stop);
  return {
    [Symbol.dispose]() {
      io.signal.removeEventListener("abort", stop);
      if (terminable) Deno.removeSignalListener("SIGTERM", stop);
    },
  };
}

async function configureLog(form: Options["log"], io: Io): Promise<void> {
  const format = form === "json"
    ? jsonLinesFormatter
    : getTextFormatter({ timestamp: "rfc3339", value: String });
  await configure({
    reset: true,
    sinks: { note: (record: LogRecord) => io.note(format(record).trimEnd()) },
    loggers: [
      { category: "voken", lowestLevel: "info", sinks: form === "none" ? [] : ["note"] },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["note"] },
    ],
  });
}

/** The files of a model that is shipped, for browsers to run it themselves. Others stay where they are. */
async function shippedFiles(model: string): Promise<ModelFiles> {
  const source = modelNames.includes(model) ? await resolveModel(model) : undefined;
  if (!(source instanceof URL)) return {};
  return Object.fromEntries(
    [weightsFile, transformerFile].map((name) => [name, () => Deno.readFile(new URL(name, source))]),
  );
}

async function readTokens(path: string): Promise<string[]> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (cause) {
    throw new ArgumentError(`Cannot read the tokens in ${path}`, {
      got: cause instanceof Error ? cause.name : String(cause),
      cause,
    });
  }
  const tokens = text.split("\n").map((line) => line.trim()).filter((line) => line && !line.startsWith("#"));
  // An empty file must not open the service to everybody.
  if (tokens.length > 0 && tokens.every((token) => token.length >= 16)) return tokens;
  throw new ArgumentError(`Cannot use the tokens in ${path}`, {
    expected: "one or more, each of at least 16 characters on a line of its own",
    got: tokens.length === 0 ? "none" : "a shorter one",
    hint: "make one by `openssl rand -hex 32`",
  });
}

function portNumber(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port < 65536) return port;
  throw new InvalidArgumentError("Expected a port from 0 to 65535.");
}

function limit(text: string, before: Partial<Limits>): Partial<Limits> {
  const [name = "", value = ""] = text.split("=");
  if (!Object.hasOwn(defaultLimits, name)) throw new InvalidArgumentError("Expected the name of a limit.");
  return { ...before, [name]: wholeNumber(value) };
}
