/** A model that the authors of Open-MAGVIT2 have published. */
export interface KnownModel {
  readonly name: string;
  /** What it is loaded from. */
  readonly source: string;
  readonly holds: string;
}

const tokenizer = (pixels: number, bits: number) =>
  `tokenizer, ${bits} bits, ${pixels}×${pixels} pixels a token`;
const hub = (repository: string, file: string) => `hf:TencentARC/Open-MAGVIT2-${repository}/${file}`;

/** The published models with their files on the hub. */
export const knownModels: readonly KnownModel[] = [
  {
    name: "imagenet_256_L",
    source: hub("Tokenizer-256-resolution", "imagenet_256_L.ckpt"),
    holds: tokenizer(16, 18),
  },
  {
    name: "imagenet_128_L",
    source: hub("Tokenizer-128-resolution", "imagenet_128_L.ckpt"),
    holds: tokenizer(8, 18),
  },
  {
    name: "pretrain_256_262144",
    source: hub("Tokenizer-262144-Pretrain", "pretrain256_262144.ckpt"),
    holds: tokenizer(16, 18),
  },
  {
    name: "pretrain_256_16384",
    source: hub("Tokenizer-16384-Pretrain", "pretrain256_16384.ckpt"),
    holds: tokenizer(16, 14),
  },
  {
    name: "AR_256_B",
    source: hub("AR-B-256-resolution", "AR_256_B.ckpt"),
    holds: "transformer of 343 M weights, and tokenizer",
  },
  {
    name: "AR_256_L",
    source: hub("AR-L-256-resolution", "AR_256_L.ckpt"),
    holds: "transformer of 804 M weights, and tokenizer",
  },
  {
    name: "AR_256_XL",
    source: hub("AR-XL-256-resolution", "AR_256_XL.ckpt"),
    holds: "transformer of 1.5 B weights, and tokenizer",
  },
  {
    name: "video_128_262144",
    source: hub("Tokenizer-262144-Video", "video_128_262144.ckpt"),
    holds: "video tokenizer, 18 bits, 8×8 pixels of 4 frames a token",
  },
];
