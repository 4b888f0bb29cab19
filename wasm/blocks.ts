// How much of a tensor one item of a command covers. `src/backend/wasm/extents.ts` counts items by the same sizes.

/** Elements of one item of the elementwise kernels. */
export const ELEMENT_BLOCK: i32 = 4096;
/** Positions of one item of the norms. */
export const POSITION_BLOCK: i32 = 256;
