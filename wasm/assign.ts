// Writing into states.
import { ELEMENT_BLOCK } from "./blocks";
import { arg, pointer } from "./simd";

/*
 * state = value, unless u32 `when` is 0. Arguments: value, state, when (address 0: always), elements.
 * Item: a block of 4096 elements.
 */
// @training
export function assign(args: usize, item: i32): void {
  const when = pointer(args, 2);
  if (when != 0 && load<u32>(when) == 0) return;
  const begin = (<usize>(item * ELEMENT_BLOCK)) << 2;
  const bytes = (<usize>min(ELEMENT_BLOCK, arg(args, 3) - item * ELEMENT_BLOCK)) << 2;
  memory.copy(pointer(args, 1) + begin, pointer(args, 0) + begin, bytes);
}
