import { suite } from "uvu";
import * as assert from "uvu/assert";
import { version } from "../../src/version.ts";
import { scratch } from "../cli/support.ts";
import { shippedSample } from "../support/models.ts";
import { skipIf } from "../support/skip.ts";
import { notHere, pathOfRuntime } from "./hosts.ts";
import { run } from "./package.ts";
import { install, missingNpm } from "./project.ts";

const test = suite("the command of the npm package");
const each = skipIf(missingNpm ?? notHere, test);

for (const runtime of ["node22", "node24", "bun"]) {
  each(`${runtime} runs voken`, async () => {
    using out = scratch();
    const program = await pathOfRuntime(runtime), folder = await install("project", {});
    const voken = (...args: string[]) => run(program, [`${folder}/node_modules/.bin/voken`, ...args], folder);
    assert.is(await voken("--version"), `${version}\n`);
    assert.match(
      await voken("reconstruct", shippedSample("ring"), "-o", out.at("ring.png")),
      /PSNR 31\.\d\d dB/,
    );
    assert.ok((await Deno.stat(out.at("ring.png"))).size > 1000);
  });
}

test.run();
