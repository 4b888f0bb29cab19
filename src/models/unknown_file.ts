import type { ByteSource } from "../io/byte_source.ts";
import { CheckpointError } from "../tensor/errors.ts";

/** Files that contain files, by their first bytes: their name, and the command that unpacks them. */
const archives: readonly (readonly [start: readonly number[], kind: string, command: string])[] = [
  [[0x1f, 0x8b], "a gzip file", "gunzip"],
  [[0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], "a 7z archive", "7z x"],
  [[0x42, 0x5a, 0x68], "a bzip2 file", "bunzip2"],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], "an xz file", "unxz"],
  [[0x28, 0xb5, 0x2f, 0xfd], "a zstd file", "unzstd"],
  [[0x52, 0x61, 0x72, 0x21], "a RAR archive", "unrar x"],
];

/** Where a tar archive says what it is. */
const tarMagic = { at: 257, text: "ustar" };

/** How much of a text an error shows. */
const shown = 80;

/** The error for a file that is no checkpoint, by its first 512 bytes: what it is, and what to do. */
export function unknownFile({ name, size }: ByteSource, head: Uint8Array): CheckpointError {
  const { got, hint } = describe(name, head, size);
  return new CheckpointError(`Cannot open ${name}`, {
    expected: "a torch checkpoint or a safetensors file",
    got,
    hint: hint ?? "give a .ckpt, .pth or .safetensors file, or a folder made by voken convert",
  });
}

function describe(name: string, head: Uint8Array, size: number): { got: string; hint?: string } {
  if (size === 0) return { got: "an empty file" };
  for (const [start, kind, command] of archives) {
    if (start.every((byte, i) => head[i] === byte)) {
      return { got: kind, hint: `unpack it: ${command} ${name}` };
    }
  }
  const { at, text: magic } = tarMagic, text = textOf(head);
  if (new TextDecoder().decode(head.subarray(at, at + magic.length)) === magic) {
    return { got: "a tar archive", hint: `unpack it: tar xf ${name}` };
  }
  if (text?.startsWith("version https://git-lfs")) {
    return { got: "a Git LFS pointer", hint: "run git lfs pull to fetch the file itself" };
  }
  if (text !== undefined && /^\s*<(!doctype|html)/i.test(text)) return { got: "a web page" };
  if (text !== undefined) {
    const line = text.trim().replace(/\s+/g, " "),
      cut = line.length > shown ? `${line.slice(0, shown)}…` : line;
    return {
      got: `text: ${JSON.stringify(cut)}`,
      hint: "it is what a server answered instead: fetch the file again",
    };
  }
  const start = [...head.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return { got: `${size} bytes starting ${start}` };
}

/** The text that bytes are, perhaps cut within a character; `undefined` for others. */
function textOf(bytes: Uint8Array): string | undefined {
  const text = new TextDecoder().decode(bytes, { stream: true });
  // deno-lint-ignore no-control-regex
  return /[\u0000-\u0008\u000e-\u001f\ufffd]/.test(text) ? undefined : text;
}
