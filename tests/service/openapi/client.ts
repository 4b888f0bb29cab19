/** What a user writes with openapi-fetch; `openapi.slow.ts` puts the generated types beside it. */
// @ts-ignore: generated
import type { paths } from "./api.d.ts";
import createClient from "openapi-fetch";

const api = createClient<paths>({ baseUrl: Deno.args[0] });

const models = await api.GET("/v1/models");
const model = models.data!.data[0]!;
const image = (await Deno.readFile("ring.png")).toBase64();
const { data: tokens } = await api.POST("/v1/tokenize", { body: { image } });
// Other types, which nobody asked for here, would be texts.
if (typeof tokens !== "object") throw new Error("no tokens");
const { grid, tokens: list, codebookSize } = tokens;
const picture = await api.POST("/v1/detokenize", {
  body: { grid, tokens: list, codebookSize },
  parseAs: "blob",
});
const made = await api.POST("/v1/images/generations", {
  body: { prompt: "Flags", n: 2, seed: 1, include_tokens: true },
});
if (typeof made.data !== "object" || !made.data.data[0]?.b64_json) throw new Error("no image");
// Nothing is drawn anew, so that the image is the same.
const mask = new Array<number>(list.length).fill(0);
const same = await api.POST("/v1/images/edits", {
  body: { prompt: "Flags", tokens: made.data.data[0].tokens, mask },
});
const kept = await api.POST("/v1/images/variations", { body: { image, keep_rows: grid[0] } });
if (typeof same.data !== "object" || typeof kept.data !== "object") throw new Error("no image");
const isSame = same.data.data[0]?.b64_json === made.data.data[0].b64_json;
const again = kept.data.data[0]?.b64_json === (await picture.data!.bytes()).toBase64();
const wrong = await api.POST("/v1/images/generations", { body: { prompt: "nothing" } });
const { error } = wrong.error!;
console.log(
  `${model.id.replace(/voken-/, "")} ${grid.join("x")} tokens, ${picture.data!.size} bytes,`,
  `${made.data.data.length} images of ${made.data.size}, ${isSame} ${again},`,
  `${wrong.response.status} ${error.param}`,
);
