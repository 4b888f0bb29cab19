/** The command `voken`. */
import { terminal } from "./io.ts";
import { main } from "./main.ts";

using io = terminal();
const code = await main(Deno.args, io);
Deno.exit(code);
