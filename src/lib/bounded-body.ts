/** Cloudflare's limit for a request body on the free and pro plans (developers.cloudflare.com/workers/platform/limits). */
export const MAX_DRAINED_BYTES = 100_000_000;
const MAX_DRAIN_MS = 3_000;

/**
 * Reads the body of a request or a response and keeps at most `maxBytes` in memory.
 * @returns `null` if the body is longer
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
      await drain(reader);
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
 * Reads and drops the rest of a body, within limits. If the connection is closed while the client still sends, the client gets a
 * reset, or a 500 from a proxy, instead of the response.
 */
async function drain(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  let left = MAX_DRAINED_BYTES;
  const timeout = scheduler.wait(MAX_DRAIN_MS).then(() => null);
  while (left > 0) {
    const read = await Promise.race([reader.read(), timeout]);
    if (read === null || read.done) return;
    left -= read.value.byteLength;
  }
}
