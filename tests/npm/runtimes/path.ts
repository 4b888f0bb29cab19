/**
 * Prints the path of a runtime: `node22`, `node24` or `bun`. The packages are large, so they have a configuration and a
 * lock file of their own and are fetched only by the tests that run this script.
 */
const [runtime = ""] = Deno.args;
// Importing a file of a package makes Deno fetch it; resolving its name alone does not.
await import(`${runtime}/package.json`, { with: { type: "json" } });
console.log(new URL(import.meta.resolve(`${runtime}/bin/${runtime.replace(/\d+/, "")}`)).pathname);
