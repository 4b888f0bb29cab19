/** The state that holds the moving average of parameter `name`. It starts as a copy of the parameter. */
export function emaName(name: string): string {
  return `ema.${name}`;
}
