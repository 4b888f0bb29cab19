import type { ImageFormat } from "../src/image/header_type.ts";
import type { Preparation } from "../src/image/prepare.ts";
import type { Image } from "../src/image/image.ts";

/** A request to an image worker, which handles one at a time. */
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

/** The answer to a request. `refused` means that the input is invalid, `failed` that the worker is broken. */
export type ImageWorkerAnswer =
  | { readonly type: "decoded"; readonly image: Image }
  | { readonly type: "encoded"; readonly bytes: Uint8Array }
  | { readonly type: "refused"; readonly message: string }
  | { readonly type: "failed"; readonly message: string };
