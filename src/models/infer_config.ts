import { CheckpointError } from "../tensor/errors.ts";
import type { Shape } from "../tensor/shape.ts";
import type { TokenizerConfig } from "../networks/magvit2/config.ts";

/** Channels are normalised in this many groups. */
const groups = 32;
/** Far beyond any model; a stray name must not build an endless one. */
const maxLevels = 10, maxBlocks = 64, maxChannels = 65536, maxBits = 32;

/** Where a number of the configuration shows: the axis of a weight, by its name without dots. */
type Place = readonly [name: string, axis: number];

/**
 * Reads a tokenizer's configuration off the shapes of its weights, by names without dots (`encoderconv_inweight`).
 *
 * Each number appears in the shapes of several weights. The most frequent value is taken, so that single weights that are
 * missing or misshapen can be reported as such. Throws `CheckpointError` if no weight tells a number, and if the numbers make
 * no tokenizer.
 */
export function inferConfig(stored: ReadonlyMap<string, Shape>, { file }: { file: string }): TokenizerConfig {
  const isVideo = [...stored].some(([name, shape]) => isVideoWeight(name, shape));
  // Convolutions of films have the names of those of images, and one more.
  const shapes = new Map(
    [...stored].map(([name, shape]) => [name.replace(/conv_1(?=weight$|bias$)/, ""), shape]),
  );
  const find = (what: string, places: readonly Place[]): number => {
    const length = mostFrequent(places.flatMap(([name, axis]) => shapes.get(name)?.[axis] ?? []));
    if (length !== undefined) return length;
    throw new CheckpointError(`Cannot infer the tokenizer's ${what} from ${file}`, {
      expected: `a weight such as ${places[0]![0]}`,
      got: "none",
      hint: "run voken inspect to see what the file holds",
    });
  };
  const count = (parts: (i: number) => readonly string[], most: number): number => {
    let i = 0;
    while (
      i < most &&
      parts(i).some((part) => shapes.has(`${part}conv1weight`) || shapes.has(`${part}conv2weight`))
    ) {
      i++;
    }
    return i;
  };

  const ch = find("channels", [
    ["encoderconv_inweight", 0],
    ["encoderdown0block0norm1weight", 0],
    ["encoderdown0block0conv1weight", 1],
    ["decodernorm_outweight", 0],
    ["decoderconv_outweight", 1],
  ]);
  const levels = count((level) => [`encoderdown${level}block0`, `decoderup${level}block0`], maxLevels);
  const widths = Array.from({ length: levels }, (_, level) =>
    find(
      `channels at level ${level}`,
      [`encoderdown${level}block0`, `decoderup${level}block0`].flatMap((block): Place[] => [
        [`${block}conv1weight`, 0],
        [`${block}norm2weight`, 0],
        [`${block}conv2weight`, 0],
      ]),
    ));
  const config: TokenizerConfig = {
    kind: isVideo ? "video" : "image",
    ch,
    chMult: widths.map((width) => width / ch),
    numResBlocks: count(
      (block) => [`encodermid_block${block}`, `decodermid_block${block}`, `encoderdown0block${block}`],
      maxBlocks,
    ),
    zChannels: find("bits", [
      ["encoderconv_outweight", 0],
      ["encoderconv_outbias", 0],
      ["decoderconv_inweight", 1],
      ["decoderadaptive0gammaweight", 1],
      ["decoderadaptive0betaweight", 1],
    ]),
    inChannels: 3,
    outChannels: 3,
  };
  checkConfig(config, file);
  return config;
}

/** The value that comes most often, the first of those that come equally often. */
function mostFrequent(values: readonly number[]): number | undefined {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return counts.keys().find((value) => counts.get(value) === most);
}

/** Throws `CheckpointError` if the numbers make no image tokenizer. */
export function checkConfig(config: TokenizerConfig, file: string): void {
  const { ch, chMult, numResBlocks, zChannels, inChannels, outChannels } = config;
  const isWhole = (value: number, most: number) => Number.isSafeInteger(value) && value >= 1 && value <= most;
  const fits = isWhole(ch, maxChannels) && ch % groups === 0 &&
    chMult.length >= 1 && chMult.length <= maxLevels &&
    chMult.every((multiple) => isWhole(multiple, maxChannels / ch)) &&
    isWhole(numResBlocks, maxBlocks) && isWhole(zChannels, maxBits) && inChannels === 3 && outChannels === 3;
  if (!fits) {
    throw new CheckpointError(`Cannot use the tokenizer in ${file}`, {
      expected:
        `channels in multiples of ${groups}, up to ${maxLevels} levels and ${maxBits} bits, RGB in and out`,
      got: formatConfig(config),
    });
  }
}

/** A configuration as errors name it: `ch 128, ch_mult [1,1,2,2,4], 4 blocks a level, 18 bits`; after `video, ` that of films. */
export function formatConfig({ kind, ch, chMult, numResBlocks, zChannels }: TokenizerConfig): string {
  return `${
    kind === "video" ? "video, " : ""
  }ch ${ch}, ch_mult [${chMult}], ${numResBlocks} blocks a level, ${zChannels} bits`;
}

/** Whether a weight, by its name without dots, is a causal 3-D convolution. */
export function isVideoWeight(name: string, shape: Shape): boolean {
  return shape.length === 5 || /conv_1(weight|bias)$/.test(name);
}
