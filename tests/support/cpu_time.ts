import process from "node:process";

/**
 * Milliseconds that this process has computed, all threads together. Time limits are checked against this, since
 * the clock on the wall also counts what else the machine does.
 */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
