/** The command `voken`. */
import { terminal } from "./io.ts";
import { main } from "./main.ts";

// Mesa's choice between GPUs asks Wayland, and complains on stderr where there is no desktop.
if (Deno.build.os === "linux" && !Deno.env.has("XDG_RUNTIME_DIR")) Deno.env.set("NODEVICE_SELECT", "1");

using io = terminal();
const code = await main(Deno.args, io);
Deno.exit(code);
