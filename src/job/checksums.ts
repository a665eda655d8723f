/** Checksums of a file that goes out in parts. */
import { concatBytes } from "../../formats/kit/bytes.ts";
import { MiB } from "../base/units.ts";

/** Bytes that are digested between two yields: 3 ms for SHA-256 and MD5. */
const digestBytes = 1 * MiB;

/** What is kept of a part besides its etag. */
export interface PartDigests {
  /** Base64, as S3 has it. */
  readonly sha256: string;
  /** Hex: what R2 makes the object's ETag of. */
  readonly md5: string;
}

/** Digests a part, piece by piece: all of it at once would hold the object up for some 30 ms. */
export async function digestsOf(bytes: Uint8Array): Promise<PartDigests> {
  const streams = [new crypto.DigestStream("SHA-256"), new crypto.DigestStream("MD5")] as const;
  const writers = streams.map((stream) => stream.getWriter());
  for (let at = 0; at < bytes.length; at += digestBytes) {
    const piece = bytes.subarray(at, at + digestBytes);
    for (const writer of writers) await writer.write(piece);
    await scheduler.wait(0); // lets the host's requests in
  }
  for (const writer of writers) await writer.close();
  const [sha256, md5] = await Promise.all(streams.map(async (stream) => new Uint8Array(await stream.digest)));
  return { sha256: sha256?.toBase64() ?? "", md5: md5?.toHex() ?? "" };
}

/**
 * One checksum for all parts, as S3 gives it for a multipart object: the SHA-256 of the parts' SHA-256 in base64, `-`, and how many.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
export async function compositeOf(parts: readonly PartDigests[]): Promise<string> {
  const all = await digest("SHA-256", concatBytes(parts.map(({ sha256 }) => Uint8Array.fromBase64(sha256))));
  return `${all.toBase64()}-${parts.length}`;
}

/** The ETag of an object of these parts, with its quotes: https://developers.cloudflare.com/r2/objects/multipart-objects/ */
export async function etagOf(parts: readonly PartDigests[]): Promise<string> {
  const all = await digest("MD5", concatBytes(parts.map(({ md5 }) => Uint8Array.fromHex(md5))));
  return `"${all.toHex()}-${parts.length}"`;
}

async function digest(algorithm: "SHA-256" | "MD5", bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest(algorithm, bytes));
}

/** SHA-256 of a text, in hex. */
export async function sha256Hex(text: string): Promise<string> {
  return (await digest("SHA-256", new TextEncoder().encode(text))).toHex();
}
