/** A finished file, straight from R2: conditions and ranges of RFC 9110, never through the Durable Object. */
import { ExportError } from "../errors.ts";
import { problem } from "./problem.ts";

/** The part of an `R2Bucket` that a download needs. */
export type DownloadBucket = Pick<R2Bucket, "head" | "get">;

/** Answers `GET` or `HEAD` for an object; null if there is none. */
export async function download(bucket: DownloadBucket, key: string, request: Request): Promise<Response | null> {
  const object = await fromBucket(bucket.head(key));
  if (object === null) return null;
  const headers = headersOf(object);
  const failed = precondition(request.headers, object);
  if (failed === 304) return new Response(null, { status: 304, headers });
  if (failed === 412) {
    return problem(
      { status: 412, code: "precondition_failed", detail: `The file's ETag is ${object.httpEtag}` },
      { ETag: object.httpEtag },
    );
  }
  const range = request.method === "HEAD" ? "whole" : rangeOf(request.headers, object);
  if (range === "unsatisfiable") {
    const detail = `The range ${request.headers.get("Range")} is outside of the file's ${object.size} bytes`;
    return problem(
      { status: 416, code: "range_not_satisfiable", detail },
      { "Content-Range": `bytes */${object.size}` },
    );
  }
  if (request.method === "HEAD") {
    headers.set("Content-Length", String(object.size));
    return new Response(null, { headers });
  }
  const partial = range !== "whole";
  // The etag is asked for again: should the object be replaced meanwhile, no mixture may come out.
  const found = await fromBucket(bucket.get(key, { onlyIf: { etagMatches: object.etag }, ...(partial && { range }) }));
  if (found === null || !("body" in found)) return null;
  headers.set("Content-Length", String(partial ? range.length : object.size));
  if (partial) headers.set("Content-Range", `bytes ${range.offset}-${range.offset + range.length - 1}/${object.size}`);
  return new Response(found.body, { status: partial ? 206 : 200, headers });
}

/** What R2 answers. Throws `storage_failed` if it does not. */
async function fromBucket<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    console.error("Cannot read from the bucket:", cause);
    throw new ExportError("storage_failed", "Cannot read the file from R2; try again", { cause });
  }
}

function headersOf(object: R2Object): Headers {
  const headers = new Headers();
  object.writeHttpMetadata(headers);
  headers.set("ETag", object.httpEtag);
  headers.set("Last-Modified", object.uploaded.toUTCString());
  headers.set("Accept-Ranges", "bytes");
  headers.set("Cache-Control", "private, no-cache, no-transform");
  headers.set("X-Content-Type-Options", "nosniff");
  return headers;
}

/** RFC 9110, section 13.2.2: If-Match or If-Unmodified-Since, then If-None-Match or If-Modified-Since. */
function precondition(headers: Headers, object: R2Object): 304 | 412 | null {
  const match = headers.get("If-Match");
  if (match !== null && !lists(match, object.httpEtag)) return 412;
  const unmodified = match === null ? Date.parse(headers.get("If-Unmodified-Since") ?? "") : Number.NaN;
  if (seconds(object.uploaded) > unmodified / 1000) return 412; // no date: NaN, which nothing is greater than
  const noneMatch = headers.get("If-None-Match");
  if (noneMatch !== null) return lists(noneMatch.replaceAll("W/", ""), object.httpEtag) ? 304 : null;
  const since = Date.parse(headers.get("If-Modified-Since") ?? "");
  return Number.isNaN(since) || seconds(object.uploaded) > since / 1000 ? null : 304;
}

function lists(header: string, etag: string): boolean {
  return header.trim() === "*" || header.split(",").some((listed) => listed.trim() === etag);
}

interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** One range of bytes; several, or what is none, are answered with the whole file (RFC 9110, section 14.2). */
function rangeOf(headers: Headers, object: R2Object): ByteRange | "whole" | "unsatisfiable" {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec((headers.get("Range") ?? "").trim());
  if (match === null || !isFresh(headers.get("If-Range"), object)) return "whole";
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return "whole";
  if (first === "") {
    const length = Math.min(Number(last), object.size);
    return length === 0 ? "unsatisfiable" : { offset: object.size - length, length };
  }
  const offset = Number(first);
  const end = last === "" ? object.size - 1 : Math.min(Number(last), object.size - 1);
  if (last !== "" && Number(last) < offset) return "whole"; // an invalid range is no range
  return offset >= object.size ? "unsatisfiable" : { offset, length: end - offset + 1 };
}

/** RFC 9110, section 13.1.5: a strong ETag or the exact date. */
function isFresh(ifRange: string | null, object: R2Object): boolean {
  if (ifRange === null) return true;
  if (ifRange.startsWith('"')) return ifRange === object.httpEtag;
  return Date.parse(ifRange) / 1000 === seconds(object.uploaded);
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
