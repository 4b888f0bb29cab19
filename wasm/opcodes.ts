/** The kernels by number: written into command tables by the compiler of programs, read by the walk. */
export enum Opcode {
  Add,
  Sub,
  Mul,
  Sqrt,
  Silu,
  Mean,
  Linear,
  NormPartials,
  NormAffine,
  ChannelAffine,
  DepthToSpace,
  LfqPack,
  LfqUnpack,
  ConvDirect,
}
