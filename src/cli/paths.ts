/** The name of standard input and output in place of a file's. */
export const standardStream = "-";

/** An output file as messages name it. */
export function outputName(path: string): string {
  return path === standardStream ? "standard output" : path;
}

/** The name of a file without its folder and extension. */
export function stemOf(path: string): string {
  return withoutExtension(path.slice(path.search(/[^/\\]*$/)));
}

/** A path without the extension of its last name. */
export function withoutExtension(path: string): string {
  return path.replace(/(?<=[^/\\])\.[^./\\]*$/, "");
}

/** The extension of a path in lower case, with its dot. */
export function extensionOf(path: string): string {
  return /[^/\\](\.[^./\\]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
}

/** The folder that holds a file. */
export function folderOf(path: string): string {
  const trimmed = path.replace(/(?<=.)[/\\]+$/, "");
  const end = Math.max(trimmed.lastIndexOf("/"), trimmed.lastIndexOf("\\"));
  return end < 0 ? "." : end === 0 ? "/" : trimmed.slice(0, end);
}

/** The path of a file in a folder. */
export function joined(folder: string, name: string): string {
  return /[/\\]$/.test(folder) ? folder + name : `${folder}/${name}`;
}
