/** The command `voken`. */
import { terminal } from "./io.ts";
import { main } from "./main.ts";

// Mesa's choice between GPUs asks Wayland, and complains on stderr where there is no desktop.
// A server that may not look at the environment goes on without.
const mayLook = ["XDG_RUNTIME_DIR", "NODEVICE_SELECT"].every((variable) =>
  Deno.permissions.querySync({ name: "env", variable }).state === "granted"
);
if (Deno.build.os === "linux" && mayLook && !Deno.env.has("XDG_RUNTIME_DIR")) {
  Deno.env.set("NODEVICE_SELECT", "1");
}

using io = terminal();
const code = await main(Deno.args, io);
Deno.exit(code);
