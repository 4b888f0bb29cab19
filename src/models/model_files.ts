import type { ByteSource } from "../io/byte_source.ts";
import { configFile } from "./config_json.ts";

/** The files in a model's folder: the tokenizer's weights, and what is beside them in a generative model. */
export const weightsFile = "model.safetensors",
  transformerFile = "transformer.safetensors",
  classesFile = "classes.json",
  samplingFile = "sampling.json";

/** All files that a model's folder may have. */
export const folderFiles: readonly string[] = [
  configFile,
  weightsFile,
  transformerFile,
  classesFile,
  samplingFile,
];

/** The file or the folder that a model is in. */
export type ModelFiles =
  | { readonly kind: "file"; open(): Promise<ByteSource> }
  | {
    readonly kind: "folder";
    /** What to call it in errors. */
    readonly name: string;
    /** Whether it is a model that comes with this package. */
    readonly isShipped?: boolean;
    /** Opens a file of the folder; `undefined` if there is none of this name. */
    open(file: string): Promise<ByteSource | undefined>;
    /** The names of its files, where a folder can be listed. */
    list?(): Promise<string[]>;
  };
