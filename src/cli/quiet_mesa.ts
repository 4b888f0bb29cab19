/**
 * Keeps Mesa quiet: its choice between GPUs asks Wayland, and complains on the standard error where there is no desktop.
 * A program that may not look at the environment goes on without.
 */
export function quietMesa(): void {
  const mayLook = ["XDG_RUNTIME_DIR", "NODEVICE_SELECT"].every((variable) =>
    Deno.permissions.querySync({ name: "env", variable }).state === "granted"
  );
  if (Deno.build.os !== "linux" || !mayLook || Deno.env.has("XDG_RUNTIME_DIR")) return;
  Deno.env.set("NODEVICE_SELECT", "1");
}
