/** An image in the page, in the RGBA format of canvases. */
export type Pixels = ImageData;

/** Tokens of an image. */
export interface PageTokens {
  readonly grid: readonly [number, number];
  readonly codebookSize: number;
  readonly size?: { readonly width: number; readonly height: number };
  readonly tokens: number[];
}

/** Settings of the sampler: names of fields in requests and in the form. */
export const samplingFields = ["guidance", "temperature", "top_k", "top_p", "candidates"] as const;
export type SamplingField = typeof samplingFields[number];

/** The description of a model. */
export interface PageModel {
  readonly id: string;
  readonly codebookSize: number;
  readonly factor: number;
  /** Size of the generated images, as `64x64`. */
  readonly size?: string;
  readonly classes?: readonly string[] | number;
  /** Default settings of the sampler; a pair has a value for each sub-token. */
  readonly sampling?: Readonly<Record<SamplingField, number | readonly [number, number]>>;
  /** Files that a browser may download to run the model locally. */
  readonly files?: readonly string[];
}

/** A request for images. Settings that are missing are the model's own. */
export interface GenerateRequest extends Readonly<Partial<Record<SamplingField, number>>> {
  readonly class_id: number;
  readonly n: number;
  readonly seed: number;
}

/** Tokens of which a part is drawn anew: 1 in the mask. */
export interface GivenTokens {
  readonly tokens: PageTokens;
  readonly mask: readonly number[];
}

/** Receives partial images, and finished ones with their tokens. */
export type OnImage = (image: { index: number; pixels: Pixels; tokens?: PageTokens }) => void;

/** Number of partial images of each image. Each of them has to be decoded. */
export const partialImages = 7;

/** Runs models, on the server or in this page. */
export interface Engine {
  tokenize(model: PageModel, pixels: Pixels): Promise<PageTokens>;
  detokenize(model: PageModel, tokens: PageTokens): Promise<Pixels>;
  generate(
    model: PageModel,
    request: GenerateRequest,
    options: { given?: GivenTokens; signal: AbortSignal; onImage: OnImage },
  ): Promise<void>;
}
