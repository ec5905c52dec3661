/** Splits bytes into chunks of at most `maxBytes`. No bytes are one empty chunk. */
export function* splitBytes(bytes: Uint8Array, maxBytes: number): Generator<Uint8Array> {
  for (let start = 0; start === 0 || start < bytes.byteLength; start += maxBytes) {
    yield bytes.subarray(start, start + maxBytes);
  }
}

/** Concatenates chunks; a single chunk is returned without a copy. */
export function concatBytes(chunks: readonly Uint8Array[]): Uint8Array {
  if (chunks.length === 1 && chunks[0] !== undefined) return chunks[0];
  const whole = new Uint8Array(chunks.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
}
