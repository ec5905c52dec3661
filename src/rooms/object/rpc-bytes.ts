import type { RpcBytes } from '../contract/contract.ts';
import { STREAM_CHUNK_BYTES, MIN_STREAM_BYTES } from '../limits/room-limits.ts';
import { type Content, readContentBytes } from '../../yjs/structs/write-content.ts';

/**
 * Converts content for RPC. Large content becomes a stream that reads one chunk at a time, so that slow readers take no
 * memory. It fails if the log is rewritten meanwhile.
 */
export function toRpcBytes(content: Content): RpcBytes {
  if (content.byteLength < MIN_STREAM_BYTES) return readContentBytes(content);
  const rechunked = rechunk(content.chunks(), STREAM_CHUNK_BYTES);
  return new ReadableStream({
    type: 'bytes',
    pull(controller) {
      const { value, done } = rechunked.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    cancel() {
      rechunked.return(undefined);
    },
  });
}

/** The same bytes in chunks of one length, the last one shorter. Each has its own buffer, because the stream transfers it. */
function* rechunk(
  chunks: Iterable<Uint8Array>,
  length: number,
): Generator<Uint8Array<ArrayBuffer>, undefined> {
  let piece = new Uint8Array(length);
  let filled = 0;
  for (const chunk of chunks) {
    for (let from = 0; from < chunk.byteLength;) {
      const part = chunk.subarray(from, from + length - filled);
      piece.set(part, filled);
      filled += part.byteLength;
      from += part.byteLength;
      if (filled < length) continue;
      yield piece;
      piece = new Uint8Array(length);
      filled = 0;
    }
  }
  if (filled > 0) yield piece.slice(0, filled);
}
