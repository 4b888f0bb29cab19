import { glob } from "node:fs/promises";

/**
 * The file of that name, or else those that match it as a pattern (`*`, `?`, `[…]`, `{0000..0099}`), sorted by name; none
 * where there are no such files.
 */
export async function filesLike(path: string): Promise<string[]> {
  if (await Deno.stat(path).then(() => true, () => false)) return [path];
  return /[*?{[]/.test(path) ? (await Array.fromAsync(glob(path))).sort() : [];
}
