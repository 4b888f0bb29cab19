/** Endpoints of your own in a Hono app: `deno serve -A examples/server.ts`. */
import {
  encodeImage,
  Generator,
  type Image,
  readImage,
  readTokens,
  Tokenizer,
  tokensToJson,
  VokenError,
} from "@voken/magvit2";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";

const tokenizer = await Tokenizer.load("emoji-64");
const generator = await Generator.load("emoji-64", { tokenizer });
const app: Hono = new Hono();

app.post("/encode", bodyLimit({ maxSize: 4e6 }), async (context) => {
  const image = await readImage(await context.req.blob(), { maxPixels: 1e6 });
  return context.body(tokensToJson([await tokenizer.encode(image)]), 200, {
    "Content-Type": "application/json",
  });
});

app.post("/decode", bodyLimit({ maxSize: 4e6 }), async (context) => {
  const [tokens] = await readTokens(await context.req.arrayBuffer());
  return await png(context, await tokenizer.decode(tokens!));
});

app.get("/generate/:class", async (context) => {
  const classIds = context.req.param("class"), seed = Number(context.req.query("seed") ?? 0);
  const [generated] = await generator.generate({ classIds, seed, signal: context.req.raw.signal });
  return await png(context, generated!.image);
});

// The package's errors say what was wrong with a request.
app.onError((error, context) => {
  if (error instanceof HTTPException) return error.getResponse();
  return context.text(error.message, error instanceof VokenError ? 400 : 500);
});

async function png(context: Context, image: Image): Promise<Response> {
  return context.body(await encodeImage(image) as Uint8Array<ArrayBuffer>, 200, {
    "Content-Type": "image/png",
  });
}

export default app;
