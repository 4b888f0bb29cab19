/** The OpenAPI document is valid, and a client that is generated from it compiles and runs. */
import { createConfig, lintFromString } from "@redocly/openapi-core";
import openapiTypes, { astToString } from "openapi-typescript";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { scratch } from "../../cli/support.ts";
import { smallModel } from "../../support/small_model.ts";
import { served } from "../served.ts";
import { ring } from "../support.ts";

const test = suite("OpenAPI");

test("the document is valid by redocly's recommended rules, without a warning", async () => {
  await using server = await served(["--model", smallModel, "--log", "none"], { read: [smallModel] });
  const source = await (await fetch(`${server.url}/openapi.json`)).text();
  const config = await createConfig({ extends: ["recommended"] });
  const problems = await lintFromString({ source, absoluteRef: "openapi.json", config });
  assert.equal(problems.map(({ ruleId, message }) => `${ruleId}: ${message}`), []);
});

test("a client that openapi-typescript generates compiles without a cast and runs", async () => {
  await using server = await served(["--model", smallModel, "--log", "none"], { read: [smallModel] });
  using folder = scratch();
  const types = await openapiTypes(await (await fetch(`${server.url}/openapi.json`)).json());
  await Deno.writeTextFile(folder.at("api.d.ts"), astToString(types));
  await Deno.writeFile(folder.at("ring.png"), ring);
  await Deno.copyFile(new URL("client.ts", import.meta.url), folder.at("client.ts"));
  const config = new URL("deno.json", import.meta.url).pathname;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--check", "--frozen", "-A", "--config", config, folder.at("client.ts"), server.url],
    cwd: folder.path,
  }).output();
  const [out, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)) as [string, string];
  assert.ok(success, errors);
  assert.match(out, /^small-model\S* 8x8 tokens, \d+ bytes, 2 images of 32x32, true true, 400 prompt\n$/);
});

test.run();
