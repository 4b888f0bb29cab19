import { ArgumentError, DataError, type VokenError } from "../../src/tensor/errors.ts";
import * as assert from "uvu/assert";
import { smallSample } from "../support/models.ts";

/** A folder that is gone when the test ends. */
export async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Writes files by path below `root`. */
export async function writeFiles(root: string, files: Record<string, Uint8Array | string>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = `${root}/${name}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeFile(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
  }
}

/** Three files of 32×32 pixels. */
export const ring: Uint8Array = await Deno.readFile(smallSample("ring")),
  parrot: Uint8Array = await Deno.readFile(smallSample("parrot")),
  butter: Uint8Array = await Deno.readFile(smallSample("butter"));

/** Checks that something is refused with a `DataError` or an `ArgumentError` that says `pattern`. */
export async function refuses(work: () => unknown, pattern: RegExp): Promise<void> {
  const error = await Promise.resolve().then(work).then(() => undefined, (error) => error as VokenError);
  assert.ok(error instanceof DataError || error instanceof ArgumentError, `${error ?? "nothing was thrown"}`);
  assert.match(error.message, pattern);
}

/** A tar of plain files, each header as ustar has it. */
export function tarOf(files: Record<string, Uint8Array | string>): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (const [name, content] of Object.entries(files)) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const header = new Uint8Array(512);
    const put = (at: number, text: string) => header.set(new TextEncoder().encode(text), at);
    put(0, name);
    put(124, bytes.length.toString(8).padStart(11, "0"));
    put(148, " ".repeat(8));
    put(156, "0");
    put(257, "ustar\x0000");
    put(148, `${header.reduce((sum, byte) => sum + byte).toString(8).padStart(6, "0")}\0 `);
    blocks.push(header, bytes, new Uint8Array((512 - bytes.length % 512) % 512));
  }
  blocks.push(new Uint8Array(1024));
  return new Uint8Array(blocks.flatMap((block) => [...block]));
}
