/** Says which formats it encoded and decoded; run without permissions by `codecs.test.ts`. */
import { decodeImage } from "../../src/image/decode.ts";
import { encodeImage } from "../../src/image/encode.ts";
import { createImage } from "../../src/image/image.ts";

const done: string[] = [];
for (const format of ["png", "jpeg", "webp"] as const) {
  const { width } = await decodeImage(await encodeImage(createImage({ width: 3, height: 2 }), { format }));
  if (width === 3) done.push(format);
}
console.log(done.join(", "));
