/** Base64 by what every host has: the methods of `Uint8Array` for it are younger than Node 24. */

/** How many bytes become arguments of one call. */
const part = 8192;

/** Writes bytes as base64. */
export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += part) text += String.fromCharCode(...bytes.subarray(i, i + part));
  return btoa(text);
}

/** Reads base64, in which white space does not count. Throws a `DOMException` for other text. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const decoded = atob(text), bytes = new Uint8Array(decoded.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = decoded.charCodeAt(i);
  return bytes;
}

/** Reads what gzip made and base64 wrote. */
export async function unpackBase64(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([fromBase64(text)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
