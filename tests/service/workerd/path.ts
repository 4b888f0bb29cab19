/**
 * Prints the path of workerd, Cloudflare's runtime. The package is large, so it has a configuration and a lock file of
 * its own and is fetched only by the test that runs this script.
 */
// Importing a file of the package makes Deno fetch it; resolving its name alone does not.
import "@cloudflare/workerd-linux-64/package.json" with { type: "json" };

console.log(new URL(import.meta.resolve("@cloudflare/workerd-linux-64/bin/workerd")).pathname);
