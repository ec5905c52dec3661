/** What the longest number takes. */
const NUMBER_BYTES = 8;

/** Writes bytes into one buffer of a fixed size, so that writing takes no more memory than it was given. */
export class ByteWriter {
  readonly #capacity: number;
  readonly #buffer: Uint8Array<ArrayBuffer>;
  #length = 0;
  #fits = true;

  /** @param capacity the most that may be written, in bytes */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#buffer = new Uint8Array(capacity + NUMBER_BYTES);
  }

  get length(): number {
    return this.#length;
  }

  /** An unsigned integer of variable length: seven bits a byte, the lowest first (lib0, `writeVarUint`). */
  writeNumber(value: number): void {
    if (!this.#has(0)) return;
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#buffer[this.#length++] = 128 | (rest & 127);
    this.#buffer[this.#length++] = rest;
  }

  write(bytes: Uint8Array): void {
    this.insert(this.#length, bytes);
  }

  /** Writes what had to be known first only now; what stands there moves on. */
  insert(at: number, bytes: Uint8Array): void {
    if (!this.#has(bytes.byteLength)) return;
    if (at < this.#length) this.#buffer.copyWithin(at + bytes.byteLength, at, this.#length);
    this.#buffer.set(bytes, at);
    this.#length += bytes.byteLength;
  }

  /** What was written; `null` where it was too much. */
  finish(): Uint8Array | null {
    return this.#has(0) ? this.#buffer.subarray(0, this.#length) : null;
  }

  /** Whether so many bytes more can be written; once they cannot, nothing can. */
  #has(bytes: number): boolean {
    this.#fits &&= this.#length + bytes <= this.#capacity;
    return this.#fits;
  }
}
