// Writing into states.
import { arg, pointer } from "./simd";

const BLOCK: i32 = 4096;

/*
 * state = value, unless u32 `when` is 0. Arguments: value, state, when (address 0: always), elements.
 * Item: a block of 4096 elements.
 */
// @training
export function assign(args: usize, item: i32): void {
  const when = pointer(args, 2);
  if (when != 0 && load<u32>(when) == 0) return;
  const begin = (<usize>(item * BLOCK)) << 2;
  const bytes = (<usize>min(BLOCK, arg(args, 3) - item * BLOCK)) << 2;
  memory.copy(pointer(args, 1) + begin, pointer(args, 0) + begin, bytes);
}
