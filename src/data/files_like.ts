import { files, look } from "../io/host.ts";

/**
 * The file of that name, or else those that match it as a pattern (`*`, `?`, `[…]`, `{0000..0099}`), sorted by name; none
 * where there are no such files.
 */
export async function filesLike(path: string): Promise<string[]> {
  if (await look(path)) return [path];
  return /[*?{[]/.test(path) ? (await Array.fromAsync(files().glob(path))).sort() : [];
}
