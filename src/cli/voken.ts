/**
 * The command `voken`, which runs when this is imported:
 *
 * ```sh
 * deno run -A jsr:@voken/magvit2/cli encode photo.png
 * ```
 *
 * @module
 */
import process from "node:process";
import { terminal } from "./io.ts";
import { main } from "./main.ts";

using io = terminal();
const code = await main(process.argv.slice(2), io);
process.exit(code);
