/** The command `voken`. */
import process from "node:process";
import { terminal } from "./io.ts";
import { main } from "./main.ts";

using io = terminal();
const code = await main(process.argv.slice(2), io);
process.exit(code);
