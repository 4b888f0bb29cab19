import type { ImageFormat } from "../src/image/header_type.ts";
import type { Preparation } from "../src/image/prepare.ts";
import type { Image } from "../src/image/image.ts";

/** What an image worker is asked for, one thing at a time. */
export type ImageWorkerRequest =
  | { readonly type: "decode"; readonly bytes: Uint8Array; readonly maxPixels: number }
  | {
    readonly type: "prepare";
    readonly bytes: Uint8Array;
    readonly maxPixels: number;
    readonly preparation: Preparation;
  }
  | {
    readonly type: "encode";
    readonly image: Image;
    readonly format: ImageFormat;
    readonly quality: number | undefined;
  };

/** What it answers. `refused` means that the file is at fault, `failed` that the worker is. */
export type ImageWorkerAnswer =
  | { readonly type: "decoded"; readonly image: Image }
  | { readonly type: "encoded"; readonly bytes: Uint8Array }
  | { readonly type: "refused"; readonly message: string }
  | { readonly type: "failed"; readonly message: string };
