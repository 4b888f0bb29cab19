import { NetworkError } from "../../tensor/errors.ts";
import { type ByteSource, checkRange } from "../byte_source.ts";
import { MemorySource } from "../memory_source.ts";
import { gather, openBody, readBody } from "./body.ts";
import { type HttpFile, shown } from "./request.ts";

/** Bytes that are fetched at least, so that reads close together need one request. */
const window = 4 * 2 ** 20;
/** The first request asks for the size, and for what most headers fit in. */
const firstWindow = 256 * 1024;

/**
 * A file at an http(s) address of which only the parts that are read are fetched. All come from the same version of the
 * file: if it is changed meanwhile, reading throws `NetworkError`.
 */
export class HttpSource implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #file: HttpFile;
  readonly #version: string | undefined;
  readonly #stop: AbortController = new AbortController();
  #window: { start: number; bytes: Uint8Array<ArrayBuffer> };
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    file: HttpFile,
    { size, version, bytes }: { size: number; version?: string; bytes: Uint8Array<ArrayBuffer> },
  ) {
    this.name = shown(file.url);
    this.size = size;
    this.#file = file;
    this.#version = version;
    this.#window = { start: 0, bytes };
  }

  /**
   * Opens a file. From a server that knows no ranges all of it is fetched, into memory.
   *
   * Throws `NetworkError` if the server cannot be reached or refuses.
   */
  static async open(file: HttpFile, { signal }: { signal?: AbortSignal } = {}): Promise<ByteSource> {
    const body = await openBody(file, { start: 0, end: firstWindow, signal });
    const bytes = await gather(readBody(file, { start: 0, body, signal }), { size: body.range.end });
    return body.answer.response.status === 206
      ? new HttpSource(file, { size: body.size!, version: body.version, bytes })
      : new MemorySource(bytes, shown(file.url));
  }

  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    // In order, so that reads after one that fetches a window find it.
    const reading = this.#last.then(() => this.#fromWindow(offset, length));
    this.#last = reading.catch(() => {});
    return reading;
  }

  async #fromWindow(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    checkRange(this, offset, length);
    // No range of a request is empty.
    if (length === 0) return new Uint8Array();
    const { start, bytes } = this.#window;
    if (offset >= start && offset + length <= start + bytes.length) {
      return bytes.slice(offset - start, offset - start + length);
    }
    if (length >= window) return await this.#fetch(offset, length);
    const fetched = await this.#fetch(offset, Math.min(window, this.size - offset));
    this.#window = { start: offset, bytes: fetched };
    return fetched.slice(0, length);
  }

  async #fetch(start: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const end = start + length, { signal } = this.#stop;
    const body = await openBody(this.#file, { start, end, version: this.#version, signal });
    return await gather(readBody(this.#file, { start, end, body, signal }), { size: length });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(
      new NetworkError(`Cannot read ${this.name}`, {
        expected: "an open file",
        got: "one that was closed",
      }),
    );
    await this.#last;
  }
}
