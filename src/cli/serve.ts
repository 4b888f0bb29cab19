import { Command, InvalidArgumentError, Option } from "commander";
import type { Backend } from "../backend/backend.ts";
import { createBackend } from "../backend/select.ts";
import { defaultModel, findModel } from "../models/find.ts";
import { transformerFile, weightsFile } from "../models/model_files.ts";
import { isGenerative } from "../models/open_generative.ts";
import { defaultLimits, type Limits } from "../service/limits.ts";
import type { ModelFiles, ServedModel } from "../service/options.ts";
import { serve } from "../service/serve.ts";
import { createService } from "../service/service.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { Generator } from "../transformer/generator.ts";
import { readBearerTokens } from "./bearer_tokens.ts";
import { withExamples } from "./help.ts";
import type { Io } from "./io.ts";
import { loadTokenizer, modelHelp, type ModelOptions, withBackend, withWeights } from "./options.ts";
import { stemOf } from "./paths.ts";
import { positiveInteger } from "./parse.ts";
import { progress } from "./progress.ts";
import { configureLog, type LogFormat, logFormats } from "./serve_log.ts";
import { stopSignal } from "./stop_signal.ts";

interface Options extends Omit<ModelOptions, "model"> {
  model: string[];
  host: string;
  port: number;
  tokens?: string;
  rateLimit?: number;
  origin: string[];
  trustProxy?: true;
  limit: Partial<Limits>;
  log: LogFormat;
  pages: boolean;
}

/** `voken serve`: serves models over HTTP. */
export function serveCommand(io: Io): Command {
  const command = withWeights(withBackend(
    new Command("serve")
      .summary("serve models over HTTP")
      .description(
        "serve models over HTTP until Ctrl-C or SIGTERM, then finish the requests that were admitted",
      ),
  ));
  withExamples(command, [
    "voken serve",
    "voken serve -m emoji-64 runs/transformer/model --port 8000 --tokens tokens --rate-limit 600",
  ]);
  return command
    .option("-m, --model <model...>", `each ${modelHelp}`, [defaultModel])
    .option("--host <address>", "address to listen on; 0.0.0.0 for all interfaces", "127.0.0.1")
    .option("--port <port>", "port to listen on; 0 picks a free port", portNumber, 8080)
    .option("--tokens <file>", "file with bearer tokens for the API, one a line (default: no authentication)")
    .option("--rate-limit <n>", "requests a minute for each token or address", positiveInteger)
    .addOption(
      new Option("--origin <origin...>", "other origins whose pages may send requests (CORS)")
        .default([], "none"),
    )
    .option("--trust-proxy", "take client addresses from X-Forwarded-For, which your proxy must set")
    .addOption(
      new Option("--limit <name=value>", `a limit: ${Object.keys(defaultLimits).join(", ")}`)
        .argParser(limit).default({}, "see docs/serving.md"),
    )
    .option("--no-pages", "do not serve the playground and /docs")
    .addOption(
      new Option("--log <format>", "format of the log").choices(logFormats).default("text"),
    )
    .action(async (options: Options) => {
      const tokens = options.tokens === undefined ? [] : await readBearerTokens(options.tokens);
      await configureLog(options.log, io);
      await using stack = new AsyncDisposableStack();
      const models: ServedModel[] = [];
      // All models share one backend, so that they do not compete for the processors.
      const backend = stack.use(await createBackend(options.backend, { threads: options.threads }));
      for (const model of options.model) {
        const tokenizer = stack.use(await loadTokenizer({ ...options, backend, model }, io));
        const generator = await loadGenerator(model, { backend, tokenizer }, io);
        if (generator) stack.use(generator);
        models.push({
          name: stemOf(model.replace(/[/\\]+$/, "")),
          tokenizer,
          generator,
          files: await shippedFiles(model),
        });
      }
      const { limit: limits, rateLimit, origin: origins, trustProxy, pages } = options;
      const service = stack.use(
        createService({ models, limits, auth: { tokens }, rateLimit, origins, trustProxy, pages }),
      );
      const server = stack.use(await serve(service, { hostname: options.host, port: options.port }));
      const address = options.host.includes(":") ? `[${options.host}]` : options.host;
      io.out(`Serving ${models.map(({ name }) => name).join(", ")} on http://${address}:${server.port}`);
      using stop = stopSignal(io);
      stop.signal.addEventListener("abort", () => void server.stop(), { once: true });
      if (stop.signal.aborted) void server.stop();
      await server.finished;
    });
}

/** Loads a generator that shares the weights of the served tokenizer, if the model is generative. */
async function loadGenerator(
  model: string,
  options: { backend: Backend; tokenizer: Tokenizer },
  io: Io,
): Promise<Generator | undefined> {
  using bar = progress("Loading the transformer", io);
  const loading = { signal: io.signal, onProgress: bar.onLoad };
  if (await isGenerative(model, loading)) return await Generator.load(model, { ...options, ...loading });
}

/** The files of a shipped model, for browsers to run it locally. Files of other models are not served. */
async function shippedFiles(model: string): Promise<ModelFiles> {
  const files = await findModel(model);
  if (files.kind !== "folder" || !files.isShipped) return {};
  const read = async (name: string) => {
    await using file = (await files.open(name))!;
    return await file.read(0, file.size);
  };
  return Object.fromEntries([weightsFile, transformerFile].map((name) => [name, () => read(name)]));
}

function portNumber(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port < 65536) return port;
  throw new InvalidArgumentError("Expected a port from 0 to 65535.");
}

function limit(text: string, before: Partial<Limits>): Partial<Limits> {
  const [name = "", value = ""] = text.split("=");
  if (!Object.hasOwn(defaultLimits, name)) {
    throw new InvalidArgumentError(
      `Expected name=value with one of ${Object.keys(defaultLimits).join(", ")}.`,
    );
  }
  return { ...before, [name]: positiveInteger(value) };
}
