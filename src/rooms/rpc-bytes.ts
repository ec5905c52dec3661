import type { Bytes } from './contract.ts';
import { STREAM_CHUNK_BYTES, STREAM_FROM_BYTES } from './limits.ts';

/** A result as it can cross RPC, whatever its size. */
export function asBytes(bytes: Uint8Array): Bytes {
  if (bytes.byteLength < STREAM_FROM_BYTES) return bytes;
  let sent = 0;
  return new ReadableStream({
    type: 'bytes',
    pull(controller) {
      const chunk = bytes.slice(sent, sent + STREAM_CHUNK_BYTES);
      sent += chunk.byteLength;
      controller.enqueue(chunk);
      if (sent >= bytes.byteLength) controller.close();
    },
  });
}
