/** A photo becomes tokens, and tokens become a photo: `deno run -A examples/photo.ts photo.jpg [again.png]`. */
import {
  centerCrop,
  encodeImage,
  psnr,
  readImage,
  resizeShorterSide,
  Tokenizer,
  tokensToNpz,
} from "@voken/magvit2";

const [photo, again = "again.png"] = Deno.args;
if (photo === undefined) throw new Error("Give the path of a photo");

await using tokenizer = await Tokenizer.load("emoji-64");
const image = centerCrop(resizeShorterSide(await readImage(photo), 256), 256);

const tokens = await tokenizer.encode(image);
await Deno.writeFile("tokens.npz", tokensToNpz([tokens]));

const decoded = await tokenizer.decode(tokens);
await Deno.writeFile(again, await encodeImage(decoded));

const [rows, columns] = tokens.grid;
console.log(
  `${rows}×${columns} tokens in tokens.npz keep ${psnr(image, decoded).toFixed(2)} dB of the photo`,
);
