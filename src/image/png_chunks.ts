import { crc32 } from "../io/crc32.ts";
import { boundedParts } from "./parts.ts";

/** A chunk of a PNG file that lies within its bytes. */
export interface PngChunk {
  readonly name: string;
  readonly data: Uint8Array;
  /** Whether its checksum is right. */
  readonly intact: boolean;
  /** Where the next chunk begins. */
  readonly end: number;
}

/** The chunks without which there is no picture. Damage to others is passed over. */
const critical: ReadonlySet<string> = new Set(["IHDR", "PLTE", "IDAT", "IEND"]);

/** Length of the signature. */
const firstChunk = 8;

/**
 * The chunks of a PNG file up to IEND or the end of the data: the critical ones whether they are intact or not, others only if
 * they are. Where the length or name of another one is damaged, the walk goes on with the next intact chunk. Throws `ImageError`
 * if there are very many.
 */
export function pngChunks(bytes: Uint8Array): Generator<PngChunk> {
  return boundedParts(walk(bytes), { bytes: bytes.length, name: "PNG", part: "chunks" });
}

function* walk(bytes: Uint8Array): Generator<PngChunk> {
  const search: Search = { budget: 4 * bytes.length };
  for (let at = firstChunk; at < bytes.length;) {
    const chunk = chunkAt(bytes, at);
    if (chunk && (critical.has(chunk.name) || chunk.intact)) {
      yield chunk;
      if (chunk.name === "IEND") return;
      at = chunk.end;
    } else if (critical.has(nameAt(bytes, at))) {
      return;
    } else {
      at = chunk ? endOfDamaged(bytes, { at, end: chunk.end, search }) : nextIntact(bytes, at + 4, search);
    }
  }
}

/** A checksum costs as much time as one of so many bytes, however few they are. */
const overhead = 2 ** 10;

/** Bytes whose checksums may still be computed. Without a limit, bytes made to look like many chunks would take hours. */
interface Search {
  budget: number;
}

/**
 * Where the next chunk begins after a damaged one. If there is an intact one at its end, its data is damaged; or its length is,
 * which then leads past chunks that follow one another up to there.
 */
function endOfDamaged(
  bytes: Uint8Array,
  { at, end, search }: { at: number; end: number; search: Search },
): number {
  const next = nextIntact(bytes, at + 4, search);
  return chunkAt(bytes, end)?.intact && !leadsTo(bytes, next, end) ? end : next;
}

/** Whether intact chunks follow one another from `at` to `end`. */
function leadsTo(bytes: Uint8Array, at: number, end: number): boolean {
  while (at < end) {
    const chunk = chunkAt(bytes, at);
    if (!chunk?.intact) return false;
    at = chunk.end;
  }
  return at === end;
}

function chunkAt(bytes: Uint8Array, at: number): PngChunk | undefined {
  if (at + 12 > bytes.length || ![4, 5, 6, 7].every((i) => isLetter(bytes[at + i]!))) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const start = at + 8, stop = start + view.getUint32(at);
  if (stop + 4 > bytes.length) return undefined;
  return {
    name: nameAt(bytes, at),
    data: bytes.subarray(start, stop),
    get intact() {
      return crc32(bytes.subarray(at + 4, stop)) === view.getUint32(stop);
    },
    end: stop + 4,
  };
}

/** Where the next intact chunk begins, or the end of the data. */
function nextIntact(bytes: Uint8Array, from: number, search: Search): number {
  for (let at = from; at + 12 <= bytes.length && search.budget > 0; at++) {
    // Passes over nearly all places.
    if (!isLetter(bytes[at + 4]!)) continue;
    const chunk = chunkAt(bytes, at);
    if (!chunk) continue;
    if (chunk.intact) return at;
    search.budget -= chunk.data.length + overhead;
  }
  return bytes.length;
}

function nameAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at + 4, at + 8));
}

function isLetter(byte: number): boolean {
  const lower = byte | 32;
  return lower >= 97 && lower <= 122;
}
