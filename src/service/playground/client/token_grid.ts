import { tokenBits } from "../../../tokenizer/codebook.ts";
import type { PageTokens } from "./engine.ts";

/** Size of a cell on the canvas in pixels. */
const cell = 32;

/** Shows a grid of tokens as colours, with a cursor that is moved by pointer or keyboard. */
export class TokenGrid {
  readonly #canvas: HTMLCanvasElement;
  #tokens: PageTokens | undefined;
  #cursor = 0;
  /** Cells that are highlighted: one, and those of a mask. */
  #shown: Shown = {};
  /** Called when the current tool is applied to a cell: the first one of a stroke, by a click or Enter, or a further one. */
  onUse: (at: number, isFirst: boolean) => void = () => {};
  /** Called at the end of a stroke. */
  onEnd: () => void = () => {};
  /** Called when the cursor has moved. */
  onMove: (at: number) => void = () => {};

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.#point(event, true);
      // A moving finger scrolls the page instead.
      if (event.pointerType === "mouse") canvas.setPointerCapture(event.pointerId);
      else this.onEnd();
    });
    for (const name of ["pointerup", "pointercancel"] as const) {
      canvas.addEventListener(name, ({ pointerType }) => pointerType === "mouse" && this.onEnd());
    }
    canvas.addEventListener("pointermove", (event) => {
      if (event.buttons & 1 && event.pointerType === "mouse") this.#point(event, false);
    });
    for (const name of ["focus", "blur"]) canvas.addEventListener(name, () => this.#paint());
  }

  get cursor(): number {
    return this.#cursor;
  }

  show(tokens: PageTokens, shown: Shown = {}): void {
    this.#tokens = tokens;
    this.#shown = shown;
    this.#cursor = Math.min(this.#cursor, tokens.tokens.length - 1);
    this.#paint();
  }

  #point(event: PointerEvent, isFirst: boolean): void {
    if (!this.#tokens) return;
    const [rows, columns] = this.#tokens.grid;
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - left) / width * columns);
    const row = Math.floor((event.clientY - top) / height * rows);
    if (column < 0 || row < 0 || column >= columns || row >= rows) return;
    const at = row * columns + column;
    if (!isFirst && at === this.#cursor) return;
    this.#move(at);
    this.onUse(at, isFirst);
  }

  #key(event: KeyboardEvent): void {
    if (!this.#tokens || event.ctrlKey || event.metaKey || event.altKey) return;
    const [rows, columns] = this.#tokens.grid;
    const row = Math.floor(this.#cursor / columns), column = this.#cursor % columns;
    const places: Readonly<Record<string, [number, number]>> = {
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      Home: [row, 0],
      End: [row, columns - 1],
    };
    const place = places[event.key];
    if (event.key === "Enter" || event.key === " ") {
      this.onUse(this.#cursor, true);
      this.onEnd();
    } else if (place) {
      const within = (value: number, count: number) => Math.max(0, Math.min(count - 1, value));
      this.#move(within(place[0], rows) * columns + within(place[1], columns));
    } else return;
    event.preventDefault();
  }

  #move(at: number): void {
    this.#cursor = at;
    this.#paint();
    this.onMove(at);
  }

  #paint(): void {
    if (!this.#tokens) return;
    const { grid: [rows, columns], tokens, codebookSize } = this.#tokens;
    this.#canvas.width = columns * cell;
    this.#canvas.height = rows * cell;
    const context = this.#canvas.getContext("2d")!, bits = tokenBits(codebookSize);
    const gap = rows * columns > 1024 ? 0 : 1;
    tokens.forEach((token, at) => {
      context.fillStyle = colorOf(token, bits);
      context.fillRect(
        at % columns * cell + gap,
        Math.floor(at / columns) * cell + gap,
        cell - 2 * gap,
        cell - 2 * gap,
      );
    });
    const frame = (at: number, color: string, inset: number) => {
      context.lineWidth = 3;
      context.strokeStyle = color;
      const side = cell - 2 * inset;
      context.strokeRect(at % columns * cell + inset, Math.floor(at / columns) * cell + inset, side, side);
    };
    const frames: [number, string, string][] = [[this.#cursor, "#000", "#fff"]];
    const { chosen, mask } = this.#shown;
    if (chosen !== undefined) frames.push([chosen, "#fde047", "#7c2d12"]);
    mask?.forEach((isMarked, at) =>
      isMarked && hatch(context, at % columns * cell, Math.floor(at / columns) * cell)
    );
    for (const [at, outer, inner] of frames) {
      frame(at, outer, 1.5);
      frame(at, inner, 4.5);
    }
  }
}

/** Cells that a grid highlights. */
export interface Shown {
  /** A cell, in addition to the cursor. */
  readonly chosen?: number;
  /** For each cell whether it is marked. */
  readonly mask?: readonly number[];
}

/** Draws stripes over a cell. */
function hatch(context: CanvasRenderingContext2D, left: number, top: number): void {
  context.save();
  context.beginPath();
  context.rect(left, top, cell, cell);
  context.clip();
  for (const [color, shift] of [["#fff", 0], ["#000", 5]] as const) {
    context.strokeStyle = color;
    context.lineWidth = 4;
    context.beginPath();
    for (let x = -cell; x <= cell; x += 16) {
      context.moveTo(left + x + shift, top + cell);
      context.lineTo(left + x + shift + cell, top);
    }
    context.stroke();
  }
  context.restore();
}

/** The colour of a token. Thirds of its bits become red, green and blue, so that similar codes get similar colours. */
function colorOf(token: number, bits: number): string {
  const third = Math.ceil(bits / 3), most = 2 ** third - 1;
  const channel = (i: number) => {
    const value = Math.floor(token / 2 ** (i * third)) % 2 ** third;
    return Math.round(24 + 216 * value / most);
  };
  return `rgb(${channel(0)} ${channel(1)} ${channel(2)})`;
}
