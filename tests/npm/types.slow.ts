import { suite } from "uvu";
import { skipIf } from "../support/skip.ts";
import { install, missingNpm } from "./project.ts";
import { run } from "./package.ts";

const test = suite("the types of the npm package");

const each = skipIf(missingNpm, test);
const compilers = { "TypeScript 5": "typescript5", "TypeScript 7": "typescript7" };
const resolutions = { bundler: "esnext", nodenext: "nodenext" };
/** Types that a project has beside the package's own. */
const projects = {
  "a browser's project": { lib: ["es2022", "dom"], types: [] },
  "a project for Node": { lib: ["es2022"], types: ["node"] },
};

let folder: string;
test.before(async () => {
  if (missingNpm) return;
  folder = await install("types", {
    "@types/node": "22.20.5",
    typescript5: "npm:typescript@5.9.3",
    typescript7: "npm:typescript@7.0.2",
  });
  await Deno.copyFile(new URL("smoke/types.ts", import.meta.url), `${folder}/main.ts`);
});

for (const [compiler, name] of Object.entries(compilers)) {
  for (const [moduleResolution, module] of Object.entries(resolutions)) {
    for (const [project, given] of Object.entries(projects)) {
      each(`${compiler}, ${moduleResolution}: ${project} compiles`, async () => {
        const compilerOptions = {
          ...{ ...given, module, moduleResolution, target: "es2022", strict: true, noEmit: true },
        };
        const config = { compilerOptions, files: ["main.ts"] };
        await Deno.writeTextFile(`${folder}/tsconfig.json`, JSON.stringify(config));
        await run("node", [`node_modules/${name}/bin/tsc`], folder);
      });
    }
  }
}

test.run();
