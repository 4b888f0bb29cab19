/**
 * Prevents messages of Mesa's device selection on systems without a desktop, where it fails to connect to Wayland.
 * Does nothing without permission to read the environment.
 */
export function quietMesa(): void {
  const permitted = ["XDG_RUNTIME_DIR", "NODEVICE_SELECT"].every((variable) =>
    Deno.permissions.querySync({ name: "env", variable }).state === "granted"
  );
  if (Deno.build.os !== "linux" || !permitted || Deno.env.has("XDG_RUNTIME_DIR")) return;
  Deno.env.set("NODEVICE_SELECT", "1");
}
