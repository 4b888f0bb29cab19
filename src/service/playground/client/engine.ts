/** An image in the page: RGBA, as canvases hold it. */
export type Pixels = ImageData;

/** Tokens of an image. */
export interface PageTokens {
  readonly grid: readonly [number, number];
  readonly codebookSize: number;
  readonly size?: { readonly width: number; readonly height: number };
  readonly tokens: number[];
}

/** How tokens are generated: fields of a request, and of the form. */
export const samplingFields = ["guidance", "temperature", "top_k", "top_p", "candidates"] as const;
export type SamplingField = typeof samplingFields[number];

/** What the page knows of a model. */
export interface PageModel {
  readonly id: string;
  readonly codebookSize: number;
  readonly factor: number;
  /** Width and height of what it generates, as `64x64`. */
  readonly size?: string;
  readonly classes?: readonly string[] | number;
  /** How it generates where a request does not say it, most of it for each sub-token. */
  readonly sampling?: Readonly<Record<SamplingField, number | readonly [number, number]>>;
  /** Files that a browser may take to run the model itself. */
  readonly files?: readonly string[];
}

/** What is to be generated. */
export interface GenerateRequest extends Readonly<Record<SamplingField, number>> {
  readonly class_id: number;
  readonly n: number;
  readonly seed: number;
}

/** Images while they are generated. */
export type OnImage = (image: { index: number; pixels: Pixels; done: boolean }) => void;

/** Unfinished images that are shown of each: enough to see it grow; each costs a decoding. */
export const partialImages = 7;

/** Where models run: in the server, or in this page. */
export interface Engine {
  tokenize(model: PageModel, pixels: Pixels): Promise<PageTokens>;
  detokenize(model: PageModel, tokens: PageTokens): Promise<Pixels>;
  generate(
    model: PageModel,
    request: GenerateRequest,
    options: { signal: AbortSignal; onImage: OnImage },
  ): Promise<void>;
}
