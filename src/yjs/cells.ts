/** A value in SQLite has a largest size; what is longer stands in several cells. */

/** The bytes in pieces of at most `maxBytes`; no bytes are one empty piece. */
export function* parts(bytes: Uint8Array, maxBytes: number): Generator<Uint8Array> {
  for (let start = 0; start === 0 || start < bytes.byteLength; start += maxBytes) {
    yield bytes.subarray(start, start + maxBytes);
  }
}

/** The pieces in one piece again. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1 && pieces[0] !== undefined) return pieces[0];
  const whole = new Uint8Array(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.byteLength;
  }
  return whole;
}
