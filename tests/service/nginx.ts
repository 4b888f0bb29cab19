import { until } from "./support.ts";
import { scratch } from "../cli/support.ts";

/** The program, where there is one. */
const program = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"].find(exists);

/** Why a test that needs nginx cannot run, if so. */
export const noNginx: string | undefined = program && exists("/usr/bin/openssl")
  ? undefined
  : "needs nginx and openssl";

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** A running proxy. Disposing it ends it. */
export interface Proxy extends AsyncDisposable {
  readonly url: string;
  /** Where it answers without TLS. */
  readonly plain: string;
  /** Trusts its certificate. */
  readonly client: Deno.HttpClient;
}

/**
 * Runs nginx as docs/deploy/nginx.conf has it, with ports and a certificate of this machine, and, unless `limited`, with more
 * requests allowed, since all clients here have one address. Throws with what `nginx -t` says if the configuration is wrong.
 */
export async function nginx(
  replicas: readonly [number, number],
  { limited = false }: { limited?: boolean } = {},
): Promise<Proxy> {
  const folder = scratch(), [plain, port] = freePorts(2);
  await run("/usr/bin/openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
    ...["-addext", "basicConstraints=critical,CA:FALSE"],
    ...["-keyout", folder.at("privkey.pem"), "-out", folder.at("fullchain.pem")],
  ]);
  const documented = await Deno.readTextFile(new URL("../../docs/deploy/nginx.conf", import.meta.url));
  const adapted = replaceAll(documented, {
    "listen 80;": `listen 127.0.0.1:${plain};`,
    "listen 443 ": `listen 127.0.0.1:${port} `,
    "voken.example.org": "localhost",
    "/etc/ssl/voken": folder.path,
    "127.0.0.1:8101": `127.0.0.1:${replicas[0]}`,
    "127.0.0.1:8102": `127.0.0.1:${replicas[1]}`,
    ...!limited && {
      "rate=20r/s": "rate=10000r/s",
      "burst=40": "burst=1000",
      "limit_conn voken_connections 32": "limit_conn voken_connections 1000",
    },
  });
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) =>
    `${name}_temp_path ${folder.at(name)};`
  );
  await Deno.writeTextFile(
    folder.at("nginx.conf"),
    [
      ...Deno.uid() === 0 ? ["user root;"] : [],
      `daemon off; pid ${folder.at("pid")}; error_log ${folder.at("errors")} warn;`,
      `events {} http { access_log off; ${temporary.join(" ")}\n${adapted}}`,
    ].join("\n"),
  );
  const args = ["-e", folder.at("errors"), "-c", folder.at("nginx.conf")];
  await run(program!, ["-t", ...args]);
  const child = new Deno.Command(program!, { args, stdout: "null", stderr: "null" }).spawn();
  const caCerts = [await Deno.readTextFile(folder.at("fullchain.pem"))];
  const client = Deno.createHttpClient({ caCerts, poolMaxIdlePerHost: 64 });
  // The test of the configuration leaves an empty one.
  const pid = folder.at("pid");
  await until(() => exists(pid) && Deno.readTextFileSync(pid) !== "", "nginx runs");
  return {
    url: `https://localhost:${port}`,
    plain: `http://127.0.0.1:${plain}`,
    client,
    async [Symbol.asyncDispose]() {
      client.close();
      child.kill("SIGTERM");
      await child.status;
      folder[Symbol.dispose]();
    },
  };
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args: [...args] }).output();
  if (!success) throw new Error(`${command} failed: ${new TextDecoder().decode(stderr)}`);
}

/** Different ports that nobody listens at. */
function freePorts(count: number): number[] {
  const listeners = Array.from({ length: count }, () => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const ports = listeners.map(({ addr }) => addr.port);
  for (const listener of listeners) listener.close();
  return ports;
}

function replaceAll(text: string, parts: Readonly<Record<string, string>>): string {
  for (const [part, other] of Object.entries(parts)) {
    if (!text.includes(part)) throw new Error(`docs/deploy/nginx.conf has no ${part}`);
    text = text.replaceAll(part, other);
  }
  return text;
}
