/**
 * The flags of the WebGPU standard. Engines have them as globals, which TypeScript's libraries for hosts with and
 * without WebGPU do not agree on.
 */
export const BufferUsage = {
  MAP_READ: 0x1,
  COPY_SRC: 0x4,
  COPY_DST: 0x8,
  UNIFORM: 0x40,
  STORAGE: 0x80,
  QUERY_RESOLVE: 0x200,
} as const;

/** Mapping to read. */
export const MAP_READ = 0x1;
/** Visible to compute shaders. */
export const COMPUTE = 0x4;
