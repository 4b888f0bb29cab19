import type { ImageFormat } from "../../image/header_type.ts";
import { RequestError } from "../request_error.ts";

/** Media types of images. */
export const imageTypes: Readonly<Record<ImageFormat, string>> = {
  png: "image/png",
  jpeg: "image/jpeg",
  webp: "image/webp",
};

/** The media type of a `Content-Type` header without parameters, in lower case; empty if there is no header. */
export function mediaType(contentType: string | undefined): string {
  return (contentType ?? "").split(";")[0]!.trim().toLowerCase();
}

/** The error for a body that has none of the accepted types: 415. */
export function wrongType(wanted: readonly string[]): RequestError {
  return new RequestError(415, "unsupported_media_type", {
    message: `Expected a content type of ${wanted.join(", ")}`,
  });
}

/**
 * The first of `offers` with the highest quality in an `Accept` header; the first one if there is no header.
 * Throws `RequestError` with 406 if none is acceptable.
 */
export function negotiate<Offer extends string>(
  accept: string | undefined,
  offers: readonly [Offer, ...Offer[]],
): Offer {
  if (!accept?.trim()) return offers[0];
  const ranges = accept.split(",").map((part) => {
    const [type = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    const quality = parameters.find((text) => text.startsWith("q="));
    return { type, quality: quality ? Number(quality.slice(2)) || 0 : 1 };
  });
  const qualityOf = (offer: string) => {
    const exact = ranges.find(({ type }) => type === offer);
    const family = ranges.find(({ type }) => type === `${offer.split("/")[0]}/*`);
    return (exact ?? family ?? ranges.find(({ type }) => type === "*/*"))?.quality ?? 0;
  };
  const best = offers.reduce((best, offer) => qualityOf(offer) > qualityOf(best) ? offer : best);
  if (qualityOf(best) > 0) return best;
  throw new RequestError(406, "not_acceptable", {
    message: `Expected to accept one of ${offers.join(", ")}`,
  });
}
