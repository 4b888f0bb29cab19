import type { ByteSource } from "../byte_source.ts";

/** Where a file is in the cache: names of folders, and its own name last. */
export type CachePath = readonly string[];

/** A file to be kept. */
export interface Content {
  /** Number of bytes, if known. */
  readonly size?: number;
  /** The digest that the bytes must have, if known. */
  readonly sha256?: string;
  /** Whether a download that was cut can go on: whether the bytes of this version never change. */
  readonly resumable: boolean;
  /** The bytes from a position on. Called once, or again if what was there before turned out wrong. */
  from(start: number): AsyncIterable<Uint8Array<ArrayBuffer>>;
  /** Told how many bytes are there. */
  onBytes(loaded: number): void;
  readonly signal?: AbortSignal;
}

/** A file in the cache. */
export interface CacheEntry {
  readonly path: CachePath;
  readonly version: string;
  /** Number of bytes. */
  readonly size: number;
  /** Whether it is a download that was not completed. */
  readonly isPart?: boolean;
  /** When it was kept. */
  readonly date: Date;
  /** Where it is, for people. */
  readonly place: string;
}

/**
 * Files that were downloaded. Each is kept by path and version; a version never changes, and is there as a whole or
 * not at all, whatever other programs do at the same time.
 */
export interface Cache {
  /** Opens a version of a file, or its newest one. */
  open(path: CachePath, version?: string): Promise<ByteSource | undefined>;
  /**
   * Keeps a version of a file in place of all others, and opens it. Resolves to `undefined` if nothing can be kept here.
   *
   * Throws `CheckpointError` if the bytes do not have their digest, `FileError` if the disk is full, and what
   * `content.from` throws.
   */
  store(path: CachePath, version: string, content: Content): Promise<ByteSource | undefined>;
  /** The newest version of each file below a path, or else its largest part, by path. */
  list(below?: CachePath): Promise<CacheEntry[]>;
  /** Removes a file. */
  remove(entry: CacheEntry): Promise<void>;
}
