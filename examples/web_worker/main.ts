/** The script of the page. It gives photos to `worker.ts` and shows what comes back. */
import type { Answer } from "./worker.ts";

const worker = new Worker("worker.js", { type: "module" });
const input = document.querySelector("input")!, output = document.querySelector("output")!;
const canvas = document.querySelector("canvas")!;

input.addEventListener("change", async () => {
  const photo = await createImageBitmap(input.files![0]!, { resizeWidth: 256, resizeHeight: 256 });
  output.textContent = "…";
  // The bitmap is moved to the worker, not copied.
  worker.postMessage(photo, [photo]);
});

// Answers come in the order of the photos.
worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
  if ("error" in data) {
    output.textContent = data.error;
    return;
  }
  const { tokens, image } = data;
  output.textContent = `${tokens.grid.join("×")} tokens`;
  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext("2d")!.putImageData(image, 0, 0);
});
