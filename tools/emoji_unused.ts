/**
 * Zeroes the embeddings of sub-tokens that no training image has, which are noise from their initialisation, so that the
 * file compresses better:
 *
 *     deno run -A tools/emoji_unused.ts out/emoji-64/transformer.safetensors
 *
 * Training moves the rows of the head that belong to such sub-tokens all alike: quantized, they are equal.
 */
import { writeFileAtomic } from "../src/io/atomic.ts";
import { openCheckpoint } from "../src/models/open.ts";
import { quantize } from "../src/tensor/quantize.ts";

const [path] = Deno.args;
if (path === undefined) {
  console.error("usage: emoji_unused.ts <transformer.safetensors>");
  Deno.exit(2);
}
const embedding = "transformer.post_emb.weight", head = "transformer.head.1.weight";
const file = await Deno.readFile(path);
await using checkpoint = await openCheckpoint(file);
const [count, width] = checkpoint.tensors.get(head)!.shape as [number, number];
const { q } = quantize("q8", await checkpoint.read(head), width);
const groups = Map.groupBy(
  Array.from({ length: count }, (_, row) => row),
  (row) => q.subarray(row * width, (row + 1) * width).join(),
);
const unused = groups.values().reduce((most, group) => group.length > most.length ? group : most);

// The layout of a safetensors file: the length of its header in 8 bytes, the header, the tensors.
const tensors = 8 + Number(new DataView(file.buffer).getBigUint64(0, true));
const header = JSON.parse(new TextDecoder().decode(file.subarray(8, tensors)));
const [begin, end] = header[embedding].data_offsets as [number, number], rowBytes = (end - begin) / count;
const table = file.subarray(tensors + begin, tensors + end);
for (const row of unused) table.fill(0, row * rowBytes, (row + 1) * rowBytes);
await writeFileAtomic(path, file);
console.log(`${path}: ${unused.length} of ${count} rows of ${embedding} are zero`);
