import type { VersionEntry } from '../../contract/description.ts';
import type { Damage } from '../damage.ts';
import { MAX_CELL_BYTES } from '../../limits/storage-limits.ts';
import { type Snapshot, decodeSnapshot, encodeSnapshot, uniteSnapshots } from '../../../yjs/snapshot.ts';
import { concatBytes, splitBytes } from '../../../yjs/byte-chunks.ts';

type Row = { created_at: number; label: string | null; automatic: number; added: ArrayBuffer };

/**
 * The table of a document's versions (`snapshot`). Each version is stored as its difference to the previous one, so it costs
 * what changed. Methods that write several rows must run inside a transaction.
 */
export class VersionTable {
  readonly #sql: SqlStorage;
  readonly #damage: Damage;

  constructor(sql: SqlStorage, damage: Damage) {
    this.#sql = sql;
    this.#damage = damage;
  }

  /** Whether the table is there. */
  get exists(): boolean {
    return this.#sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'snapshot'").toArray().length > 0;
  }

  /** Idempotent. Documents without versions have no table, which would take a page. */
  create(): void {
    this.#sql.exec(
      `CREATE TABLE IF NOT EXISTS snapshot (
         created_at INTEGER NOT NULL, -- Unix milliseconds
         part INTEGER NOT NULL,       -- 0, 1, …: bytes that exceed a cell have several parts
         label TEXT,
         automatic INTEGER NOT NULL,
         added BLOB NOT NULL,         -- the difference to the previous version
         PRIMARY KEY (created_at, part)
       ) STRICT, WITHOUT ROWID`,
    );
  }

  /** Newest first. */
  list(): VersionEntry[] {
    return this.#sql
      .exec<Omit<Row, 'added'>>(
        'SELECT created_at, label, automatic FROM snapshot WHERE part = 0 ORDER BY created_at DESC',
      )
      .toArray()
      .map((row) => ({ createdAt: row.created_at, label: row.label, automatic: row.automatic === 1 }));
  }

  /** The stored bytes of all versions. Reads none of them. */
  storedBytes(): number {
    return this.#sql
      .exec<{ bytes: number }>(
        'SELECT coalesce(sum(length(added) + coalesce(length(CAST(label AS BLOB)), 0)), 0) AS bytes FROM snapshot',
      )
      .one().bytes;
  }

  has(createdAt: number): boolean {
    return (
      this.#sql.exec('SELECT 1 FROM snapshot WHERE created_at = ? AND part = 0', createdAt).toArray().length >
      0
    );
  }

  /** The snapshot of the newest version up to this time; incomplete if some versions are unreadable. */
  readSnapshot(createdAt: number): Snapshot {
    return uniteSnapshots(this.#readAdded(0, createdAt).flatMap(({ added }) => added ?? []));
  }

  /** The times of unreadable versions up to this one, oldest first. */
  listUnreadable(through: number): number[] {
    return this.#readAdded(0, through).flatMap(({ createdAt, added }) => (added === null ? [createdAt] : []));
  }

  add(entry: VersionEntry, added: Snapshot): void {
    this.#insert(entry, encodeSnapshot(added));
  }

  #insert(entry: VersionEntry, added: Uint8Array): void {
    let part = 0;
    for (const bytes of splitBytes(added, MAX_CELL_BYTES)) {
      this.#sql.exec(
        'INSERT INTO snapshot (created_at, part, label, automatic, added) VALUES (?, ?, ?, ?, ?)',
        entry.createdAt,
        part++,
        entry.label,
        entry.automatic ? 1 : 0,
        bytes,
      );
    }
  }

  /**
   * Removes a version and merges its difference into the next one. If it is unreadable, the next one gets its bytes and is
   * unreadable as well.
   * @param completeSince the time of a version that does not depend on earlier ones
   */
  remove(createdAt: number, completeSince: number): void {
    const next = this.#sql
      .exec<Omit<Row, 'added'>>(
        'SELECT created_at, label, automatic FROM snapshot WHERE created_at > ? AND part = 0 ORDER BY created_at LIMIT 1',
        createdAt,
      )
      .toArray()[0];
    const last = next?.created_at ?? createdAt;
    const both = this.#readAdded(createdAt, last);
    this.#sql.exec('DELETE FROM snapshot WHERE created_at BETWEEN ? AND ?', createdAt, last);
    if (next === undefined) return;
    const entry = { createdAt: last, label: next.label, automatic: next.automatic === 1 };
    const damaged = both.find(({ added }) => added === null);
    if (damaged === undefined || last === completeSince)
      this.add(entry, uniteSnapshots(both.flatMap(({ added }) => added ?? [])));
    else this.#insert(entry, damaged.bytes);
  }

  /** The differences of the versions from one time to another; `added` is `null` if one is unreadable. */
  #readAdded(from: number, to: number): { createdAt: number; bytes: Uint8Array; added: Snapshot | null }[] {
    const rows = this.#sql
      .exec<Pick<Row, 'created_at' | 'added'>>(
        'SELECT created_at, added FROM snapshot WHERE created_at BETWEEN ? AND ? ORDER BY created_at, part',
        from,
        to,
      )
      .toArray();
    const bytes = new Map<number, Uint8Array[]>();
    for (const { created_at: createdAt, added } of rows) {
      const known = bytes.get(createdAt);
      if (known === undefined) bytes.set(createdAt, [new Uint8Array(added)]);
      else known.push(new Uint8Array(added));
    }
    return [...bytes].map(([createdAt, cells]) => {
      const whole = concatBytes(cells);
      return { createdAt, bytes: whole, added: this.#decode(createdAt, whole) };
    });
  }

  #decode(createdAt: number, bytes: Uint8Array): Snapshot | null {
    try {
      return decodeSnapshot(bytes);
    } catch (error) {
      // Yjs decodes stored bytes here, so any exception means damage.
      this.#damage.noteRecord(`version ${createdAt}`, error);
      return null;
    }
  }
}
