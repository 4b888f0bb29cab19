import { ImageError } from "../tensor/errors.ts";
import { damagedData } from "./jpeg_bits.ts";
import { BlockWalk } from "./jpeg_blocks.ts";
import type { JpegPart } from "./jpeg_essential.ts";
import { SOS } from "./jpeg_segments.ts";
import { JpegState, type Scan } from "./jpeg_state.ts";

/** Told of each block of a scan: its member by number, and where it begins in the scan's bits; they are behind it. */
export type OnBlock = (member: number, from: number) => void;

/**
 * Checks the image data of a JPEG file. There are no checksums, but damage mostly shifts what follows: then codes do not fit, or
 * data ends too early or too late. Decoders fill in grey and go on. Throws `ImageError` for such data.
 */
export function checkScans(parts: readonly JpegPart[]): void {
  const state = new JpegState(), known = new Map<number, Uint32Array>();
  const lastScan = parts.findLast(({ code }) => code === SOS);
  for (const part of parts) {
    state.take(part);
    if (part.code === SOS) walkScan(state.scan(part), { known, isLast: part === lastScan });
  }
}

/** Walks over all blocks of a scan. Throws `ImageError` where the data is damaged. */
export function walkScan(
  scan: Scan,
  { known = new Map(), isLast = false, onBlock, onRestart }: {
    known?: Map<number, Uint32Array>;
    isLast?: boolean;
    onBlock?: OnBlock;
    onRestart?: (number: number) => void;
  },
): void {
  const { frame, members, interval, bits } = scan, [alone] = members;
  if (lacksTables(scan)) return;
  const walk = new BlockWalk(scan, known);
  const { columns, rows } = members.length === 1 ? alone!.component : frame;
  for (let mcu = 0; mcu < columns * rows; mcu++) {
    if (interval > 0 && mcu > 0 && mcu % interval === 0) {
      walk.restart();
      if (bits.left >= 8 && !bits.isFilled) throw tooLong();
      const number = (mcu / interval - 1) % 8;
      bits.restart(number);
      onRestart?.(number);
    }
    walkMcu(mcu, onBlock);
    if (bits.left < 0) throw damagedData("the end of the data before that of the image");
  }
  walk.restart();
  if (!bits.isLast) throw damagedData("more restart markers than intervals");
  if (bits.left >= 8 && !bits.isFilled && !(isLast && isForeign())) throw tooLong();

  function walkMcu(mcu: number, onBlock?: OnBlock): void {
    const row = Math.floor(mcu / columns), column = mcu % columns;
    for (let i = 0; i < members.length; i++) {
      const { component } = members[i]!;
      const across = members.length === 1 ? 1 : component.across,
        down = members.length === 1 ? 1 : component.down;
      for (let y = 0; y < down; y++) {
        for (let x = 0; x < across; x++) {
          const from = bits.at;
          walk.block(i, (row * down + y) * component.allColumns + column * across + x);
          onBlock?.(i, from);
        }
      }
    }
  }

  /** Whether what is left is no image data: programs leave bytes behind it. If it was, blocks would fill it to its end. */
  function isForeign(): boolean {
    let isFull = false;
    const onBlock = () => isFull ||= bits.isPadding;
    try {
      for (let mcu = 0; mcu < columns * rows && bits.left > 0; mcu++) walkMcu(columns * rows, onBlock);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
    }
    return !isFull;
  }
}

/** Files of cameras' films leave out the usual tables, which decoders know. */
function lacksTables({ frame, members, first, highBit }: Scan): boolean {
  const needsDc = first === 0 && highBit === 0, needsAc = first > 0 || !frame.isProgressive;
  return members.some(({ dc, ac }) => needsDc && !dc || needsAc && !ac);
}

function tooLong(): ImageError {
  return damagedData("more of it than the image has pixels");
}
