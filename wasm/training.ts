// The kernels that only training needs. Builds for inference do not hold them: there, `TRAINING` is 0 in walk.ts.
import { Opcode } from "./opcodes";
import { adam } from "./adam";
import { attentionGrad } from "./attention_tiles";
import { channelSums, groupNormGrad } from "./channel";
import { assign } from "./assign";
import { dropout } from "./dropout";
import { convWeightGrad, convWeightGradSum, packConv } from "./conv_grad";
import { div } from "./elementwise";
import { strided } from "./layout";
import { leakyReluGrad, map, siluGrad, swigluGrad } from "./map";
import { matmul, packMatrix } from "./matmul";
import { poolGrad } from "./pool";
import { squareSum, sum } from "./reduce";
import { rmsNormGrad, rmsNormWeightGrad } from "./rms_grad";
import { embeddingPlain } from "./sequence";
import { crossEntropy, crossEntropyGrad, embeddingGrad } from "./sequence_grad";
import { winogradGradProducts, winogradGradTaps, winogradGradTiles } from "./winograd_grad";

/** Runs an item of a command of training. */
export function dispatchTraining(opcode: i32, args: usize, item: i32, scratch: usize): void {
  switch (opcode) {
    case Opcode.Div:
      return div(args, item);
    case Opcode.Map:
      return map(args, item);
    case Opcode.SiluGrad:
      return siluGrad(args, item);
    case Opcode.SwigluGrad:
      return swigluGrad(args, item);
    case Opcode.RmsNormGrad:
      return rmsNormGrad(args, item);
    case Opcode.RmsNormWeightGrad:
      return rmsNormWeightGrad(args, item);
    case Opcode.SquareSum:
      return squareSum(args, item);
    case Opcode.LeakyReluGrad:
      return leakyReluGrad(args, item);
    case Opcode.Sum:
      return sum(args, item);
    case Opcode.Strided:
      return strided(args, item);
    case Opcode.PackMatrix:
      return packMatrix(args, item);
    case Opcode.MatMul:
      return matmul(args, item, scratch);
    case Opcode.PackConv:
      return packConv(args, item);
    case Opcode.ConvWeightGrad:
      return convWeightGrad(args, item);
    case Opcode.ConvWeightGradSum:
      return convWeightGradSum(args, item);
    case Opcode.ChannelSums:
      return channelSums(args, item);
    case Opcode.GroupNormGrad:
      return groupNormGrad(args, item, scratch);
    case Opcode.EmbeddingPlain:
      return embeddingPlain(args, item);
    case Opcode.EmbeddingGrad:
      return embeddingGrad(args, item);
    case Opcode.AttentionGrad:
      return attentionGrad(args, item, scratch);
    case Opcode.CrossEntropy:
      return crossEntropy(args, item);
    case Opcode.CrossEntropyGrad:
      return crossEntropyGrad(args, item);
    case Opcode.PoolGrad:
      return poolGrad(args, item);
    case Opcode.Adam:
      return adam(args, item);
    case Opcode.Dropout:
      return dropout(args, item);
    case Opcode.Assign:
      return assign(args, item);
    case Opcode.WinogradGradTiles:
      return winogradGradTiles(args, item, scratch);
    case Opcode.WinogradGradProducts:
      return winogradGradProducts(args, item);
    case Opcode.WinogradGradTaps:
      return winogradGradTaps(args, item, scratch);
    default:
      unreachable();
  }
}
