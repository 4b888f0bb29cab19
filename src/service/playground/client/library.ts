/** What `local.ts` exports. */
export type Library = typeof import("./local.ts");

/** Loads the library, which the page needs to run a model itself. */
export function loadLibrary(): Promise<Library> {
  return import(new URL("playground/local.js", document.baseURI).href);
}
