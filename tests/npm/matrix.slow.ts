import { suite } from "uvu";
import * as assert from "uvu/assert";
import { skipIf } from "../support/skip.ts";
import { expected } from "./expected.ts";
import { hosts } from "./hosts.ts";
import { Loopback, repository } from "./loopback.ts";
import { featureNames, missing } from "./matrix.ts";
import { installedProject, missingNpm } from "./project.ts";
import type { Results, Task } from "./smoke/checks.ts";

const test = suite("the package, host by host");

let folder: string, server: Loopback, task: Task;
test.before(async () => {
  if (missingNpm) return;
  folder = await installedProject();
  server = new Loopback(`${folder}/pages`);
  task = { models: `${server.origin}/models/`, repository, expected: await expected() };
});
test.after(() => server?.[Symbol.asyncDispose]());

for (const { name, missing: absent, run } of hosts) {
  const each = skipIf(missingNpm ?? absent, test);
  let results: Promise<Results> | undefined;
  for (const feature of featureNames) {
    const lack = missing[name]?.[feature];
    each(`${name}: ${feature}${lack ? " is refused" : ""}`, async () => {
      results ??= run(task, { folder, origin: server.origin });
      const found = (await results)[feature]!;
      if (lack) assert.match(found, lack.error);
      else assert.is(found, "yes");
    });
  }
}

test.run();
