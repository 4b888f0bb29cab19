import { CheckpointError } from "../tensor/errors.ts";
import type { ByteSource } from "./byte_source.ts";
import { builtin } from "./host.ts";

const piece = 4 * 2 ** 20;
/** The most bytes that are hashed at once where hashing in pieces is not possible. */
const maxWhole = 2 ** 30;

/**
 * The SHA-256 digest of all bytes as hexadecimal digits. `undefined` in browsers for more than 1 GiB, and in pages
 * without a secure context, which have no hash function.
 */
export async function sha256(source: ByteSource): Promise<string | undefined> {
  const node = builtin("node:crypto");
  if (!node) {
    if (source.size > maxWhole || !globalThis.crypto?.subtle) return;
    const digest = await crypto.subtle.digest("SHA-256", await source.read(0, source.size));
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  const hash = node.createHash("sha256");
  for (let at = 0; at < source.size; at += piece) {
    hash.update(await source.read(at, Math.min(piece, source.size - at)));
  }
  return hash.digest("hex");
}

/** Throws `CheckpointError` if a file does not have the digest that it must have. What cannot be hashed here passes. */
export async function checkDigest(
  source: ByteSource,
  expected: string,
  { name = source.name }: { name?: string } = {},
): Promise<void> {
  const got = await sha256(source);
  if (got === undefined || got === expected) return;
  throw new CheckpointError(`Cannot use ${name}: its SHA-256 digest`, {
    expected,
    got,
    hint: "it was damaged on its way or replaced; fetch it again",
  });
}
