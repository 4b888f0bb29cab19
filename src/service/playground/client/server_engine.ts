import {
  type Engine,
  type GenerateRequest,
  type GivenTokens,
  type OnImage,
  type PageModel,
  type PageTokens,
  partialImages,
  type Pixels,
} from "./engine.ts";
import { fromBase64 } from "../../../io/base64.ts";
import { squareTokens } from "./packed.ts";
import { decodeFile, encodePng } from "./pixels.ts";

/** The service requires a bearer token. */
export class TokenNeededError extends Error {}

/** Runs models on the server. */
export class ServerEngine implements Engine {
  /** A bearer token, if the service requires one. */
  token: string | undefined;

  async models(): Promise<PageModel[]> {
    const { data } = await (await this.#fetch("v1/models")).json();
    return data;
  }

  /** Downloads a file of a model. */
  async file(model: PageModel, name: string): Promise<Uint8Array> {
    const response = await this.#fetch(`v1/models/${encodeURIComponent(model.id)}/files/${name}`);
    return new Uint8Array(await response.arrayBuffer());
  }

  async tokenize({ id }: PageModel, pixels: Pixels): Promise<PageTokens> {
    const body = await encodePng(pixels);
    const response = await this.#fetch(`v1/tokenize?model=${encodeURIComponent(id)}`, {
      method: "POST",
      headers: { "content-type": "image/png" },
      body,
    });
    const { grid, codebookSize, size, tokens } = await response.json();
    return { grid, codebookSize, tokens, ...(size ? { size } : {}) };
  }

  async detokenize({ id }: PageModel, tokens: PageTokens): Promise<Pixels> {
    const response = await this.#postJson("v1/detokenize", { model: id, format: "png", ...tokens });
    return await decodeFile(await response.blob());
  }

  async generate(
    { id, size, codebookSize }: PageModel,
    request: GenerateRequest,
    { given, signal, onImage }: { given?: GivenTokens; signal: AbortSignal; onImage: OnImage },
  ): Promise<void> {
    const settings = { model: id, stream: true, partial_images: partialImages, size, include_tokens: true };
    const response = await this.#postJson(`v1/images/${given ? "edits" : "generations"}`, {
      ...settings,
      ...request,
      ...given && { tokens: given.tokens.tokens, mask: given.mask },
    }, { signal });
    // Images are decoded in order, so that a partial image never replaces the finished one.
    let shown: Promise<void> = Promise.resolve();
    for await (const event of events(response.body!)) {
      if (event.error) throw new Error(event.error.message);
      shown = shown.then(async () => {
        const pixels = await decodeFile(new Blob([fromBase64(event.b64_json)]));
        const tokens = event.tokens === undefined
          ? undefined
          : squareTokens(fromBase64(event.tokens), codebookSize);
        if (!signal.aborted) onImage({ index: event.image_index, pixels, tokens });
      });
    }
    await shown;
  }

  #postJson(path: string, body: object, options: { signal?: AbortSignal } = {}): Promise<Response> {
    const headers = { "content-type": "application/json" };
    return this.#fetch(path, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
      ...options,
    });
  }

  async #fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.token) headers.set("authorization", `Bearer ${this.token}`);
    const response = await fetch(path, { ...init, headers }).catch((error) => {
      if (init.signal?.aborted) throw error;
      throw new Error("The server does not respond");
    });
    if (response.ok) return response;
    if (response.status === 401) throw new TokenNeededError("This service requires a token");
    const { error } = await response.json().catch(() => ({}));
    throw new Error(error?.message ?? `The server responded with status ${response.status}`);
  }
}

interface ServerEvent {
  readonly type: string;
  readonly b64_json: string;
  /** Packed tokens, as base64, of a whole image. */
  readonly tokens?: string;
  readonly image_index: number;
  readonly error?: { readonly message: string };
}

async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader();
  let text = "";
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      text += part.value;
      const blocks = text.split("\n\n");
      text = blocks.pop()!;
      for (const block of blocks) {
        const line = block.split("\n").find((line) => line.startsWith("data:"));
        if (line) yield JSON.parse(line.slice(5));
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
