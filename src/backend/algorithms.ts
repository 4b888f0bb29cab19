/** One algorithm for an op, for those of its uses that it fits. */
export interface Algorithm<Args extends readonly unknown[], Command> {
  readonly name: string;
  fits(...args: Args): boolean;
  commands(...args: Args): Command[];
}

/** The commands of the first algorithm that fits. The last one must fit everything. */
export function lowerByFirstFit<Args extends readonly unknown[], Command>(
  algorithms: readonly Algorithm<Args, Command>[],
  ...args: Args
): Command[] {
  return algorithms.find(({ fits }) => fits(...args))!.commands(...args);
}
