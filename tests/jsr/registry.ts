import { gunzipSync } from "fflate";

const root = new URL("../../", import.meta.url).pathname;

/**
 * A registry on loopback with one package: what `deno publish` makes of this repository. It speaks as much of JSR's
 * protocol as publishing, adding and importing need. Disposing it stops it.
 */
export class Registry implements AsyncDisposable {
  /** Bytes of the package that were sent. */
  sent = 0;
  /** Bytes of the package, compressed. */
  size = 0;
  /** The contents of the package's files by their paths, which begin with a slash. */
  #files: ReadonlyMap<string, Uint8Array<ArrayBuffer>> = new Map();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #name: string;
  readonly #version: string;

  private constructor({ name, version }: { name: string; version: string }) {
    this.#name = name;
    this.#version = version;
    this.#server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      (request) => this.#answer(request),
    );
  }

  /** Starts a registry and publishes the package there. Throws what `deno publish` says if it fails. */
  static async start(): Promise<Registry> {
    const registry = new Registry(JSON.parse(await Deno.readTextFile(`${root}deno.json`)));
    const { stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["publish", ...publishOptions],
      cwd: root,
      env: registry.environment,
    }).output();
    if (registry.size > 0) return registry;
    await registry[Symbol.asyncDispose]();
    throw new Error(`Cannot publish:\n${new TextDecoder().decode(stderr)}`);
  }

  /** Where the registry is. */
  get address(): string {
    return `127.0.0.1:${this.#server.addr.port}`;
  }

  /** Variables that make Deno ask this registry. */
  get environment(): Record<string, string> {
    return { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", JSR_URL: `http://${this.address}/` };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url), [scope, name] = this.#name.slice(1).split("/");
    const identity = { scope, name, latest: this.#version };
    if (pathname.startsWith("/api/")) {
      // The version is not there yet.
      if (request.method !== "POST") {
        return /\/versions\//.test(pathname) ? new Response(null, { status: 404 }) : Response.json(identity);
      }
      this.#publish(new Uint8Array(await request.arrayBuffer()));
      return Response.json({ id: crypto.randomUUID(), status: "success", error: null });
    }
    const path = pathname.split(`/${this.#name}`)[1] ?? "";
    if (this.size === 0) return new Response(null, { status: 404 });
    if (path === "/meta.json") return Response.json({ ...identity, versions: { [this.#version]: {} } });
    if (path === `/${this.#version}_meta.json`) return Response.json(await this.#describe());
    const file = this.#files.get(path.slice(this.#version.length + 1));
    if (!file) return new Response(null, { status: 404 });
    this.sent += file.length;
    return new Response(file, { headers: { "content-type": typeOf(path) } });
  }

  /** Takes the package: a tar, compressed by gzip. */
  #publish(tarball: Uint8Array): void {
    this.size = tarball.length;
    this.#files = new Map(entriesOf(gunzipSync(tarball) as Uint8Array<ArrayBuffer>));
  }

  async #describe(): Promise<unknown> {
    const { exports } = JSON.parse(new TextDecoder().decode(this.#files.get("/deno.json")));
    const manifest: Record<string, unknown> = {};
    for (const [path, bytes] of this.#files) {
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
      manifest[path] = { size: bytes.length, checksum: `sha256-${digest.toHex()}` };
    }
    return { exports, manifest };
  }
}

/** The types were checked before; nobody is asked who publishes. */
const publishOptions = ["--token=none", "--allow-dirty", "--no-check", "--no-provenance"];

function typeOf(path: string): string {
  if (path.endsWith(".ts")) return "text/typescript";
  return path.endsWith(".json") ? "application/json" : "application/octet-stream";
}

/** The files in a tar in the ustar format, by their paths. */
function* entriesOf(tar: Uint8Array<ArrayBuffer>): Generator<[string, Uint8Array<ArrayBuffer>]> {
  const text = (from: number, length: number) =>
    new TextDecoder().decode(tar.subarray(from, from + length)).replace(/\0.*$/s, "");
  // A block of zeros ends it.
  for (let at = 0; tar[at];) {
    const [name, size, prefix] = [text(at, 100), parseInt(text(at + 124, 12), 8), text(at + 345, 155)];
    const path = (prefix ? `${prefix}/${name}` : name).replace(/^\.?\/?/, "/");
    yield [path, tar.slice(at + 512, at + 512 + size)];
    at += 512 + Math.ceil(size / 512) * 512;
  }
}
