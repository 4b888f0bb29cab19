/** Shows the tokens of a photo, and what they keep of it: `deno run -A examples/serve_page.ts page`. */
import { toImageData, Tokenizer, type Tokens } from "@voken/magvit2";

const input = document.querySelector("input")!, output = document.querySelector("output")!;
const tokenizer = await Tokenizer.load("/models/emoji-64/");
output.textContent = `Ready on ${tokenizer.backend}`;
input.disabled = false;

input.addEventListener("change", async () => {
  const photo = await createImageBitmap(input.files![0]!, { resizeWidth: 256, resizeHeight: 256 });
  const start = performance.now();
  const tokens = await tokenizer.encode(photo);
  const decoded = await tokenizer.decode(tokens);
  const milliseconds = performance.now() - start;

  paint("photo", photo);
  paint("tokens", await createImageBitmap(colorsOf(tokens)));
  paint("decoded", await createImageBitmap(toImageData(decoded)));
  const [rows, columns] = tokens.grid, distinct = new Set(tokens.data).size;
  output.textContent = `${rows}×${columns} tokens, ${distinct} distinct, in ${milliseconds.toFixed(0)} ms`;
});

function paint(id: string, bitmap: ImageBitmap): void {
  const canvas = document.getElementById(id) as HTMLCanvasElement;
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d")!.drawImage(bitmap, 0, 0);
}

/** A pixel for each token. Its 18 bits are 6 of each colour. */
function colorsOf({ grid: [height, width], data }: Tokens): ImageData {
  const pixels = new ImageData(width, height);
  data.forEach((token, i) => pixels.data.set([token >> 10, token >> 4 & 252, token << 2 & 252, 255], 4 * i));
  return pixels;
}
