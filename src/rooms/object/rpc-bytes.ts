import type { RpcBytes } from '../contract/contract.ts';
import { STREAM_CHUNK_BYTES, MIN_STREAM_BYTES } from '../limits/room-limits.ts';
import { type Content, readContentBytes } from '../../yjs/structs/write-content.ts';

/**
 * A result as it can cross RPC, whatever its size. A large one is read while it is sent, so that no more than a piece of
 * it is in memory, however many ask for it and however slowly they take it; it breaks off where the log is rewritten
 * before its end.
 */
export function toRpcBytes(content: Content): RpcBytes {
  if (content.byteLength < MIN_STREAM_BYTES) return readContentBytes(content);
  const pieces = rechunk(content.chunks(), STREAM_CHUNK_BYTES);
  return new ReadableStream({
    type: 'bytes',
    pull(controller) {
      const { value, done } = pieces.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    cancel() {
      pieces.return(undefined);
    },
  });
}

/** The same bytes in pieces of one length, the last of them shorter. Each is its own, for the stream takes it over. */
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
