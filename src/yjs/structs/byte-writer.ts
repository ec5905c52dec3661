/** The longest encoded number. */
const MAX_NUMBER_BYTES = 8;

/** Writes bytes into one buffer of a fixed size, so that memory is bounded. */
export class ByteWriter {
  readonly #capacity: number;
  readonly #buffer: Uint8Array<ArrayBuffer>;
  #length = 0;
  #fits = true;

  /** @param capacity in bytes */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#buffer = new Uint8Array(capacity + MAX_NUMBER_BYTES);
  }

  get length(): number {
    return this.#length;
  }

  /** Writes a varUint: seven bits per byte, the lowest first (lib0, `writeVarUint`). */
  writeNumber(value: number): void {
    if (!this.#has(0)) return;
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#buffer[this.#length++] = 128 | (rest & 127);
    this.#buffer[this.#length++] = rest;
  }

  write(bytes: Uint8Array): void {
    this.insert(this.#length, bytes);
  }

  /** Inserts bytes at an earlier position and moves the bytes after it. */
  insert(at: number, bytes: Uint8Array): void {
    if (!this.#has(bytes.byteLength)) return;
    if (at < this.#length) this.#buffer.copyWithin(at + bytes.byteLength, at, this.#length);
    this.#buffer.set(bytes, at);
    this.#length += bytes.byteLength;
  }

  /** The written bytes; `null` if they exceeded the capacity. */
  finish(): Uint8Array | null {
    return this.#has(0) ? this.#buffer.subarray(0, this.#length) : null;
  }

  /** Whether N more bytes fit. Once something did not fit, nothing more is written. */
  #has(bytes: number): boolean {
    this.#fits &&= this.#length + bytes <= this.#capacity;
    return this.#fits;
  }
}
