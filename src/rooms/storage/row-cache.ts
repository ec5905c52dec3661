import { BYTE_ARRAY_OVERHEAD_BYTES, MAX_ROW_CACHE_BYTES } from '../limits/storage-limits.ts';

/** Recently written or read rows of the log, by id. At most `MAX_ROW_CACHE_BYTES`. */
export class RowCache {
  readonly #rows = new Map<number, Uint8Array>();
  #bytes = 0;

  get(id: number): Uint8Array | undefined {
    return this.#rows.get(id);
  }

  /** Adds a row and evicts the oldest rows. */
  add(id: number, row: Uint8Array): void {
    this.#rows.set(id, row);
    this.#bytes += row.byteLength + BYTE_ARRAY_OVERHEAD_BYTES;
    for (const [oldest, { byteLength }] of this.#rows) {
      if (this.#bytes <= MAX_ROW_CACHE_BYTES) return;
      this.#rows.delete(oldest);
      this.#bytes -= byteLength + BYTE_ARRAY_OVERHEAD_BYTES;
    }
  }

  clear(): void {
    this.#rows.clear();
    this.#bytes = 0;
  }
}
