import type { DamageReport } from '../contract/description.ts';
import { describeError } from '../../lib/log-text.ts';

/** Whether SQLite reports a damaged file. */
export const isCorruption = (error: unknown): boolean => String(error).includes('SQLITE_CORRUPT');

/** Collects what cannot be read and logs each finding once per instance. Has no content. */
export class Damage {
  readonly #doName: string | undefined;
  /** Bytes, by the id of an update's first row. */
  readonly #updates = new Map<number, number>();
  readonly #records = new Set<string>();
  #isCorrupt = false;

  constructor(doName: string | undefined) {
    this.#doName = doName;
  }

  /** @param row the id of the update's first row */
  noteUpdate(row: number, byteLength: number, error: unknown): void {
    this.#isCorrupt ||= isCorruption(error);
    if (this.#updates.has(row)) return;
    this.#updates.set(row, byteLength);
    console.error({
      event: 'stored_update_unreadable',
      doName: this.#doName,
      row,
      bytes: byteLength,
      error: describeError(error),
    });
  }

  /** @param record the name of a key, a table or a version */
  noteRecord(record: string, error: unknown): void {
    this.#isCorrupt ||= isCorruption(error);
    if (this.#records.has(record)) return;
    this.#records.add(record);
    console.error({
      event: 'stored_record_unreadable',
      doName: this.#doName,
      record,
      error: describeError(error),
    });
  }

  /** Adds a record that an earlier instance has logged. */
  addLoggedRecord(record: string): void {
    this.#records.add(record);
  }

  /** Whether SQLite's file itself is damaged, not only its content. */
  get isCorrupt(): boolean {
    return this.#isCorrupt;
  }

  /** Whether an unreadable update begins between two row ids. */
  hasDamageBetween(after: number, before: number): boolean {
    return [...this.#updates.keys()].some((row) => row > after && row < before);
  }

  /** Call when the room was emptied. */
  clear(): void {
    this.#isCorrupt = false;
    this.#updates.clear();
    this.#records.clear();
  }

  /** `null` if nothing is damaged. */
  get report(): DamageReport | null {
    if (this.#updates.size === 0 && this.#records.size === 0) return null;
    let bytes = 0;
    for (const length of this.#updates.values()) bytes += length;
    return { updates: this.#updates.size, bytes, records: [...this.#records].toSorted() };
  }
}
