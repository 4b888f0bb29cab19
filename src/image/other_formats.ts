// Signatures hold control characters.
// deno-lint-ignore-file no-control-regex
/** A format that is not read: how files begin, what to call one, and what turns it into a PNG. */
interface OtherFormat {
  /** Letters that files begin with, as in a regular expression. */
  readonly start: RegExp;
  readonly name: string;
  readonly hint: string;
}

const magick = "convert it: magick in.EXT out.png";
const ffmpeg = "convert its first frame: ffmpeg -i in.EXT -frames:v 1 out.png";

const formats: readonly OtherFormat[] = [
  { start: /^GIF8[79]a/, name: "a GIF", hint: ffmpeg.replace("EXT", "gif") },
  { start: /^BM/, name: "what looks like a BMP", hint: magick.replace("EXT", "bmp") },
  { start: /^(II\+\0|MM\0\+)/, name: "a BigTIFF", hint: magick.replace("EXT", "tif") },
  { start: /^(II\*\0|MM\0\*)/, name: "a TIFF (or a camera's raw file)", hint: magick.replace("EXT", "tif") },
  { start: /^....ftyp(avif|avis)/s, name: "an AVIF", hint: magick.replace("EXT", "avif") },
  { start: /^....ftyp(hei|hev|mif|msf)/s, name: "a HEIC", hint: magick.replace("EXT", "heic") },
  { start: /^(....JXL \r|\xff\x0a)/s, name: "a JPEG XL", hint: "convert it: djxl in.jxl out.png" },
  { start: /^(....jP {2}\r|\xff\x4f\xff\x51)/s, name: "a JPEG 2000", hint: magick.replace("EXT", "jp2") },
  { start: /^8BPS/, name: "a PSD of Photoshop", hint: "convert it: magick in.psd[0] out.png" },
  {
    start: /^\0\0[\x01\x02]\0/,
    name: "what looks like an ICO",
    hint: "convert it: magick in.ico[0] out.png",
  },
  { start: /^%PDF-/, name: "a PDF", hint: "convert a page: pdftoppm -png -singlefile in.pdf out" },
  { start: /^%!PS/, name: "a PostScript file", hint: magick.replace("EXT", "eps") },
  {
    start: /^(\xef\xbb\xbf)?\s*(<\?xml[^]*|<!--[^]*|<!DOCTYPE svg[^]*)?<svg[\s>]/i,
    name: "an SVG",
    hint: "convert it: rsvg-convert in.svg -o out.png",
  },
  { start: /^\x1f\x8b/, name: "a file packed by gzip", hint: "unpack it: gunzip in.gz" },
  { start: /^P[1-7]\s/, name: "a PNM", hint: magick.replace("EXT", "ppm") },
  { start: /^qoif/, name: "a QOI", hint: magick.replace("EXT", "qoi") },
  { start: /^\x76\x2f\x31\x01/, name: "an OpenEXR", hint: magick.replace("EXT", "exr") },
  { start: /^#\?RADIANCE/, name: "a Radiance HDR", hint: magick.replace("EXT", "hdr") },
  { start: /^DDS /, name: "a DDS texture", hint: magick.replace("EXT", "dds") },
  { start: /^....ftyp/s, name: "a video (MP4)", hint: ffmpeg.replace("EXT", "mp4") },
  { start: /^\x1a\x45\xdf\xa3/, name: "a video (Matroska, WebM)", hint: ffmpeg.replace("EXT", "webm") },
  { start: /^RIFF....AVI /s, name: "a video (AVI)", hint: ffmpeg.replace("EXT", "avi") },
];

/** Bytes in which the beginning of an SVG is looked for. */
const headBytes = 1024;

/** The format of a file that is not read, as a thing with its article and a hint; `undefined` if it is not known. */
export function otherFormat(bytes: Uint8Array): { name: string; hint: string } | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, headBytes));
  return formats.find(({ start }) => start.test(head));
}
