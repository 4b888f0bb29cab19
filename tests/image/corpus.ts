/**
 * Decodes every picture of a folder and compares it with `digests.txt` in it, which `tests/golden/corpus.py` makes:
 * `deno task test:corpus FOLDER`. Fails where pixels differ from Pillow's, or only one of both refuses the file.
 */
import { differences, type Differing } from "./digests.ts";

const [folder] = Deno.args;
if (!folder) {
  console.error("usage: deno task test:corpus FOLDER");
  Deno.exit(2);
}
const { count, differing } = await differences(folder, { onDiffering: show });
console.log(`${count - differing.length} of ${count} pictures as Pillow reads them`);
if (differing.length > 0) Deno.exit(1);

function show({ path, expected, got }: Differing): void {
  console.log(`${path}: expected ${expected}, got ${got}`);
}
