/**
 * Bundles the project in one folder by Vite into another, which has a configuration and a lock file of its own because
 * it is large.
 */
import { build } from "vite";

const [root, outDir] = Deno.args;
await build({ root, base: "./", logLevel: "warn", build: { outDir, emptyOutDir: true } });
Deno.exit(0);
