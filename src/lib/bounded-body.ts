/** As much as Cloudflare lets through of any body on its free and pro plans (developers.cloudflare.com/workers/platform/limits). */
export const MAX_DRAINED_BYTES = 100_000_000;
const LINGER_MS = 3_000;

/**
 * Reads the body of a request or a response, and keeps no more of it than it may hold.
 * @returns `null` where the body is longer than `maxBytes`
 */
export async function readBoundedBody(
  request: Pick<Request | Response, 'headers' | 'body'>,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) return null;
  if (request.body === null) return new Uint8Array();
  const reader = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.byteLength;
    if (length > maxBytes) {
      chunks.length = 0;
      await linger(reader);
      return null;
    }
    chunks.push(value);
  }
  const body = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return body;
}

/**
 * Reads on without keeping anything, until the body ends or enough was done for its sender. A connection that is cut while its
 * client still sends loses the answer: the client sees a reset, or a 500 of a proxy between.
 */
async function linger(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  let left = MAX_DRAINED_BYTES;
  const enough = scheduler.wait(LINGER_MS).then(() => null);
  while (left > 0) {
    const read = await Promise.race([reader.read(), enough]);
    if (read === null || read.done) return;
    left -= read.value.byteLength;
  }
}
