import { checkKind, text } from "../../tensor/options.ts";
import { ArgumentError } from "../../tensor/errors.ts";

/** A configuration of training as its JSON. */
export type Preset = Readonly<Record<string, unknown>>;

const presets: Readonly<Record<string, () => Promise<{ default: Preset }>>> = {
  imagenet_256_L: () => import("./imagenet_256_L.json", { with: { type: "json" } }),
  imagenet_128_L: () => import("./imagenet_128_L.json", { with: { type: "json" } }),
  pretrain_256_262144: () => import("./pretrain_256_262144.json", { with: { type: "json" } }),
  pretrain_256_16384: () => import("./pretrain_256_16384.json", { with: { type: "json" } }),
  AR_256_B: () => import("./AR_256_B.json", { with: { type: "json" } }),
  AR_256_L: () => import("./AR_256_L.json", { with: { type: "json" } }),
  AR_256_XL: () => import("./AR_256_XL.json", { with: { type: "json" } }),
  "emoji-32-tokenizer": () => import("./emoji-32-tokenizer.json", { with: { type: "json" } }),
  "emoji-32-transformer": () => import("./emoji-32-transformer.json", { with: { type: "json" } }),
  "emoji-64-tokenizer": () => import("./emoji-64-tokenizer.json", { with: { type: "json" } }),
  "emoji-64-transformer": () => import("./emoji-64-transformer.json", { with: { type: "json" } }),
  "laptop-tokenizer": () => import("./laptop-tokenizer.json", { with: { type: "json" } }),
  "laptop-transformer": () => import("./laptop-transformer.json", { with: { type: "json" } }),
};

/** The names of configurations that come with this package: the published models, and small ones. */
export const presetNames: readonly string[] = Object.keys(presets);

/** The preset of that name, before `parseRun`. Throws `ArgumentError` if there is none. */
export async function readPreset(name: string): Promise<Preset> {
  checkKind(name, text, "Cannot find the configuration: name");
  if (Object.hasOwn(presets, name)) return (await presets[name]!()).default;
  throw new ArgumentError(`Cannot find the configuration ${name}`, {
    expected: `the path of a file, or one of ${presetNames.join(", ")}`,
    got: "neither",
  });
}
