/**
 * Makes the images that the embedded models are trained on:
 *
 *     npm install --prefix out/emoji @lobehub/fluent-emoji-3d@1.1.0 emoji-datasource@16.0.0
 *     deno run -A tools/emoji_images.ts out/emoji/node_modules 64 out/emoji-64.npz
 *
 * Every image of `@lobehub/fluent-emoji-3d` (256 pixels, Microsoft's Fluent Emoji, MIT) that `emoji-datasource` (MIT)
 * names, on white, reduced with the package's own filter. The file holds `arr_0` uint8 [n,size,size,3], `labels` uint8
 * [n] (places in the sorted names of the groups) and `held_out` uint32, the places of `emoji_held_out.json`'s names.
 */
import { writeFileAtomic } from "../src/io/atomic.ts";
import { writeNpz } from "../src/io/npz.ts";
import { decodeImage } from "../src/image/decode.ts";
import { resize } from "../src/image/resize.ts";

interface Emoji {
  unified: string;
  non_qualified?: string | null;
  category: string;
  skin_variations?: Record<string, { unified: string; non_qualified?: string | null }>;
}

const [packages, side, target] = Deno.args;
const size = Number(side);
if (!packages || !target || !(size > 0)) {
  console.error("usage: emoji_images.ts <node_modules> <size> <file.npz>");
  Deno.exit(2);
}
const assets = `${packages}/@lobehub/fluent-emoji-3d/assets`;
const groups = groupsOf(JSON.parse(await Deno.readTextFile(`${packages}/emoji-datasource/emoji.json`)));
const heldOut = new Set<string>(
  JSON.parse(await Deno.readTextFile(new URL("emoji_held_out.json", import.meta.url))),
);

const names = (await Array.fromAsync(Deno.readDir(assets), ({ name }) => name))
  .filter((name) => groups.has(codePoints(name))).sort();
const classes = [...new Set(names.map((name) => groups.get(codePoints(name))!))].sort();
const images = new Uint8Array(names.length * size * size * 3);
for (const [index, name] of names.entries()) {
  const image = resize(await decodeImage(await Deno.readFile(`${assets}/${name}`)), {
    width: size,
    height: size,
  });
  images.set(image.data, index * size * size * 3);
}
const labels = names.map((name) => classes.indexOf(groups.get(codePoints(name))!));
const apart = [...names.keys()].filter((index) => heldOut.has(names[index]!));
await writeFileAtomic(
  target,
  writeNpz({
    arr_0: { shape: [names.length, size, size, 3], data: images },
    labels: { shape: [names.length], data: Uint8Array.from(labels) },
    held_out: { shape: [apart.length], data: Uint32Array.from(apart) },
  }),
);
console.log(`${names.length} images of ${classes.length} classes, ${apart.length} held out: ${target}`);
console.log(classes.join(", "));

/** The group of each emoji, by its code points: "1f600", "1f44b-1f3fb". */
function groupsOf(emojis: readonly Emoji[]): Map<string, string> {
  return new Map(
    emojis.flatMap(({ category, skin_variations, ...emoji }) =>
      [emoji, ...Object.values(skin_variations ?? {})]
        .flatMap(({ unified, non_qualified }) => [unified, non_qualified ?? unified])
        .map((points) => [codePoints(points), category] as const)
    ),
  );
}

/** Code points as one name writes them, of at least four digits: some file names leave zeros out. */
function codePoints(name: string): string {
  return name.replace(/\.webp$/, "").toLowerCase().split("-").map((point) => point.padStart(4, "0")).join(
    "-",
  );
}
