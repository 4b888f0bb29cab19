import { shippedModel } from "../support/models.ts";

/** The model's repository on the hub. */
export const repository = "voken/emoji-64";

/** A commit of that repository. */
const commit = "0123456789abcdef0123456789abcdef01234567";

const types: Readonly<Record<string, string>> = {
  html: "text/html",
  js: "text/javascript",
  json: "application/json",
};

/** What makes a page isolated from other origins, so that it may share memory with workers. */
const isolation = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/**
 * A server on loopback for the checks, which has the shipped model in `/models/` and as the hub has a repository, and the
 * files of `folder` in `/plain/` and, for pages that are isolated, in `/isolated/`. Disposing it stops it.
 */
export class Loopback implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(folder: string) {
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async ({ url }) => {
      const { pathname } = new URL(url);
      const [, place, path] = /^\/(models|plain|isolated)\/([\w./-]+)$/.exec(pathname) ?? [];
      if (place) return await answer(`${place === "models" ? shippedModel : folder}/${path}`, place);
      if (pathname.startsWith(`/api/models/${repository}/`)) return await listRepository();
      const [, file] = pathname.split(`/${repository}/resolve/${commit}/`);
      return file ? await answer(`${shippedModel}/${file}`, "models") : new Response("", { status: 404 });
    });
  }

  /** Its address, without a slash at the end. */
  get origin(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

async function answer(path: string, place: string): Promise<Response> {
  try {
    return new Response(await Deno.readFile(path), {
      headers: {
        "access-control-allow-origin": "*",
        "content-type": types[path.split(".").at(-1)!] ?? "application/octet-stream",
        ...place === "isolated" ? isolation : {},
      },
    });
  } catch {
    return new Response("", { status: 404 });
  }
}

/** What the hub's API tells of the repository. */
async function listRepository(): Promise<Response> {
  const names = ["config.json", "model.safetensors", "transformer.safetensors", "classes.json"];
  const siblings = await Promise.all(names.map(async (rfilename) => {
    const bytes = await Deno.readFile(`${shippedModel}/${rfilename}`);
    const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
    return { rfilename, size: bytes.length, blobId: sha256, lfs: { sha256 } };
  }));
  return Response.json({ sha: commit, siblings }, { headers: { "access-control-allow-origin": "*" } });
}
