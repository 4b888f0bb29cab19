/**
 * What the program runs on: Deno, Node, Bun, workerd or a browser. Nothing else asks for it.
 *
 * Node's built-in modules, which the first four have, are asked for at run time: a static import of one would break
 * bundles for browsers.
 */
import { FileError } from "../tensor/errors.ts";

/** Built-in modules of Node that are used where there are any. */
interface Builtins {
  "node:crypto": typeof import("node:crypto");
  "node:fs/promises": typeof import("node:fs/promises");
  "node:os": typeof import("node:os");
  "node:timers": typeof import("node:timers");
  "node:url": typeof import("node:url");
  "node:worker_threads": typeof import("node:worker_threads");
  "node:zlib": typeof import("node:zlib");
}

/** A permission of Deno, limited to one variable of the environment, one host and port, or one place. */
export type Permission =
  | { readonly name: "net"; readonly host: string }
  | { readonly name: "env"; readonly variable: string }
  | { readonly name: "read" | "write"; readonly path: string | URL };

/** A file of Deno, which can lock it. */
interface DenoFile {
  tryLock(exclusive: true): Promise<boolean>;
  truncate(): Promise<void>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
}

/** What hosts may have beside what all have. */
const host = globalThis as {
  readonly Deno?: {
    permissions: { querySync(permission: Permission): { state: string } };
    open(path: string, options: { read: true; write: true; create: true }): Promise<DenoFile>;
  };
  readonly process?: {
    readonly pid?: number;
    readonly platform?: string;
    kill?(pid: number, signal: 0): void;
    readonly env?: Record<string, string | undefined>;
    getBuiltinModule?<Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined;
  };
};

/** A built-in module of Node; `undefined` in hosts without it. */
export function builtin<Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined {
  return host.process?.getBuiltinModule?.(name);
}

/** Whether there is a browser with its canvas, in a page or a worker. */
export function inBrowser(): boolean {
  return host.process?.getBuiltinModule === undefined && "OffscreenCanvas" in globalThis;
}

/** Calls `then` after so many milliseconds, unless the program ends before: this does not keep it alive. Gives what cancels it. */
export function later(milliseconds: number, then: () => void): () => void {
  const timers = builtin("node:timers");
  if (timers) {
    const timer = timers.setTimeout(then, milliseconds).unref();
    return () => timers.clearTimeout(timer);
  }
  const timer = setTimeout(then, milliseconds);
  return () => clearTimeout(timer);
}

/** The file system. Throws `FileError` in hosts without one. */
export function files(): typeof import("node:fs/promises") {
  const module = builtin("node:fs/promises");
  if (module) return module;
  throw new FileError("Cannot use files here", {
    expected: "a host with a file system: Deno, Node 22 or later, Bun",
    got: "one without",
    hint: "give bytes, a Blob or an http address in place of a path",
  });
}

/** Whether there is a file system. */
export function hasFiles(): boolean {
  return builtin("node:fs/promises") !== undefined;
}

/** Node's threads; `undefined` in hosts without them. */
export function nodeWorkers(): typeof import("node:worker_threads") | undefined {
  const module = builtin("node:worker_threads");
  return typeof module?.Worker === "function" ? module : undefined;
}

/** The operating system by Node's name for it, such as `linux`, `darwin` or `win32`; `undefined` in browsers. */
export function platform(): string | undefined {
  return host.process?.platform;
}

/** The number of this process; 0 in hosts without processes. */
export function processId(): number {
  return host.process?.pid ?? 0;
}

/** Whether there is a process of this number. Deno says so only with `--allow-run`. */
export function isRunning(pid: number): boolean {
  try {
    host.process?.kill?.(pid, 0);
    return true;
  } catch (error) {
    // There is one, but of another user.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Locks a file by the operating system, and writes `text` into it, until disposed; resolves to `undefined` while another
 * process has the lock. Only Deno can do it.
 */
export const lockByHost:
  | ((path: string, text: string) => Promise<AsyncDisposable | undefined>)
  | undefined = host.Deno && lockOnDeno;

async function lockOnDeno(path: string, text: string): Promise<AsyncDisposable | undefined> {
  const file = await host.Deno!.open(path, { read: true, write: true, create: true });
  try {
    if (!await file.tryLock(true)) {
      file.close();
      return undefined;
    }
    await file.truncate();
    await file.write(new TextEncoder().encode(text));
  } catch (error) {
    file.close();
    throw error;
  }
  return {
    async [Symbol.asyncDispose]() {
      await file.truncate();
      file.close();
    },
  };
}

/** A variable of the environment; `undefined` if it is not set or must not be read. The user is not asked. */
export function environment(variable: string): string | undefined {
  return permitted({ name: "env", variable }) ? host.process?.env?.[variable] : undefined;
}

/** Sets a variable of the environment, for this process and those it starts. */
export function setEnvironment(variable: string, value: string): void {
  if (host.process?.env) host.process.env[variable] = value;
}

/** Whether Deno has granted a permission, without asking the user for it. Other hosts grant all. */
export function permitted(permission: Permission): boolean {
  return host.Deno === undefined || host.Deno.permissions.querySync(permission).state === "granted";
}

/** A path as it is, or the path of a `file:` URL. */
export function pathOf(place: string | URL): string {
  if (typeof place === "string") return place;
  return builtin("node:url")?.fileURLToPath(place) ?? decodeURIComponent(place.pathname);
}

/**
 * Compiles a WebAssembly file at a `file:` URL, or in a package at an `npm:` URL on Deno. Deno imports it, which needs no
 * permission to read.
 */
export async function compileFile(url: string): Promise<WebAssembly.Module> {
  // Other hosts, bundlers and TypeScript do not know the syntax.
  if (host.Deno) return await new Function("url", "return import.source(url)")(url);
  return await WebAssembly.compile(new Uint8Array(await files().readFile(new URL(url))));
}

/** What is at a path; `undefined` if there is nothing, or it cannot be looked at. */
export async function look(place: string | URL): Promise<"file" | "folder" | "other" | undefined> {
  try {
    const found = await files().stat(place);
    return found.isFile() ? "file" : found.isDirectory() ? "folder" : "other";
  } catch {
    return undefined;
  }
}
