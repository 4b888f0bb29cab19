import { environment, permitted, platform, setEnvironment } from "../../io/host.ts";

/** Turns Mesa's selection of a device off. */
const off = "NODEVICE_SELECT";

/**
 * Prevents the messages of Mesa's device selection on Linux without a desktop, where it fails to connect to Wayland.
 * Does nothing where the user selects a device, or without permission for the environment.
 */
export function quietMesa(): void {
  const variables = ["XDG_RUNTIME_DIR", "MESA_VK_DEVICE_SELECT", off];
  if (platform() !== "linux" || variables.some((variable) => environment(variable))) return;
  if (variables.every((variable) => permitted({ name: "env", variable }))) setEnvironment(off, "1");
}
