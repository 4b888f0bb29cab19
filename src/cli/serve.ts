import { Command, InvalidArgumentError, Option } from "commander";
import type { Backend } from "../backend/backend.ts";
import { createBackend } from "../backend/select.ts";
import { defaultModel, findModel } from "../models/find.ts";
import { transformerFile, weightsFile } from "../models/model_files.ts";
import { isGenerative } from "../models/open_generative.ts";
import { defaultLimits, type Limits } from "../service/limits.ts";
import type { ByteSource } from "../io/byte_source.ts";
import type { FileContent, ModelFiles, ServedModel } from "../service/options.ts";
import { serve } from "../service/serve.ts";
import { createService } from "../service/service.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { Generator } from "../transformer/generator.ts";
import { tokenFiles } from "./bearer_tokens.ts";
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
  allowHost: string[];
  tokens?: string;
  metricsTokens?: string;
  codecThreads?: number;
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
    .addOption(
      new Option(
        "--allow-host <name...>",
        "names by which clients reach the server, beside localhost; * for any",
      )
        .default([], "addresses alone"),
    )
    .option("--tokens <file>", "file with bearer tokens for the API, one a line (default: no authentication)")
    .option("--metrics-tokens <file>", "the same for /metrics (default: the file of --tokens)")
    .option(
      "--codec-threads <n>",
      "threads that decode and encode images (default: the processors)",
      positiveInteger,
    )
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
      await using stack = new AsyncDisposableStack();
      const auth = stack.use(await tokenFiles(options));
      await configureLog(options.log, io);
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
      const { limit: limits, rateLimit, origin: origins, trustProxy, pages, codecThreads } = options;
      const service = stack.use(
        createService({ models, limits, auth, rateLimit, origins, trustProxy, pages, codecThreads }),
      );
      const { host: hostname, port, allowHost: hosts } = options;
      // All connections of a proxy have its address.
      const shared = trustProxy ? { maxConnectionsPerAddress: 1024 } : {};
      const server = stack.use(await serve(service, { hostname, port, hosts, ...shared }));
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

/** Bytes of a file that are read at once. */
const partBytes = 2 ** 16;

/** The files of a shipped model, for browsers to run it locally. Files of other models are not served. */
async function shippedFiles(model: string): Promise<ModelFiles> {
  const files = await findModel(model);
  if (files.kind !== "folder" || !files.isShipped) return {};
  const open = async (name: string): Promise<FileContent> => {
    const file = (await files.open(name))!, { size } = file;
    await file[Symbol.asyncDispose]();
    return { size, stream: () => streamOf(async () => (await files.open(name))!) };
  };
  return Object.fromEntries([weightsFile, transformerFile].map((name) => [name, () => open(name)]));
}

/** Reads a file part by part, as fast as somebody takes them. */
function streamOf(open: () => Promise<ByteSource>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let file: ByteSource | undefined, at = 0;
  return new ReadableStream({
    async pull(controller) {
      file ??= await open();
      const part = await file.read(at, Math.min(partBytes, file.size - at));
      at += part.length;
      controller.enqueue(new Uint8Array(part));
      if (at < file.size) return;
      controller.close();
      await file[Symbol.asyncDispose]();
    },
    cancel: () => file?.[Symbol.asyncDispose](),
  });
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
