import type { InstanceReport } from '../../../src/domain/instance.ts';
import { ACCESS_INTERVAL_MS, MEASUREMENT_INTERVAL_MS } from '../../../src/registry/intervals.ts';

interface ModelRow {
  userId: string;
  createdAt: number;
  accessedAt: number;
  size: { bytes: number; at: number } | null;
  seq: number;
}

/** The registry as plain maps: what its laws come to for reports and deletions that arrive one after the other. */
export class RegistryModel {
  readonly users = new Set<string>();
  readonly rows = new Map<string, ModelRow>();
  readonly tombstones = new Map<string, { createdAt: number; seq: number }>();
  /** The highest change number ever given. */
  seq = 0;

  report(reported: InstanceReport): 'written' | 'unchanged' {
    const { doName, createdAt, accessedAt } = reported;
    if (!this.users.has(reported.userId)) return 'unchanged';
    if ((this.tombstones.get(doName)?.createdAt ?? -Infinity) >= createdAt) return 'unchanged';
    const row = this.rows.get(doName);
    const size =
      reported.measurement === null
        ? null
        : { bytes: reported.measurement.storageBytes, at: reported.measurement.measuredAt };
    if (row === undefined || row.createdAt < createdAt) {
      this.rows.set(doName, { userId: reported.userId, createdAt, accessedAt, size, seq: ++this.seq });
      return 'written';
    }
    if (row.createdAt > createdAt) return 'unchanged';
    const laterSize = size !== null && (row.size === null || size.at > row.size.at) ? size : null;
    const isNewSize =
      laterSize !== null &&
      (laterSize.bytes !== row.size?.bytes || laterSize.at - row.size.at >= MEASUREMENT_INTERVAL_MS);
    if (!isNewSize && accessedAt - row.accessedAt < ACCESS_INTERVAL_MS) return 'unchanged';
    row.accessedAt = Math.max(row.accessedAt, accessedAt);
    row.size = laterSize ?? row.size;
    row.seq = ++this.seq;
    return 'written';
  }

  delete(doName: string, createdAt: number): void {
    const row = this.rows.get(doName);
    if (row !== undefined && row.createdAt > createdAt) return;
    if ((this.tombstones.get(doName)?.createdAt ?? -Infinity) < createdAt) this.#bury(doName, createdAt);
    this.rows.delete(doName);
  }

  /** Deletes the row of a room that still exists: its next report recreates the row. */
  lose(doName: string): void {
    const row = this.rows.get(doName);
    if (row !== undefined) this.#bury(doName, row.createdAt - 1);
  }

  deleteUser(userId: string): void {
    this.users.delete(userId);
    const gone = [...this.rows].filter(([, row]) => row.userId === userId);
    // The cascade walks the index on user_id, whose entries of one user are in the order in which the rows were inserted.
    for (const [doName, row] of gone) this.#bury(doName, row.createdAt);
  }

  /** Of the first `limit` tombstones in the order of their numbers those up to `through`, but not the last there is. */
  prune(through: number, limit: number): number {
    const inOrder = [...this.tombstones].toSorted(([, one], [, other]) => one.seq - other.seq);
    const gone = inOrder
      .slice(0, limit)
      .filter(([, { seq }], index) => seq <= through && index < inOrder.length - 1);
    for (const [doName] of gone) this.tombstones.delete(doName);
    return gone.length;
  }

  #bury(doName: string, createdAt: number): void {
    this.rows.delete(doName);
    const before = this.tombstones.get(doName)?.createdAt ?? -Infinity;
    this.tombstones.set(doName, { createdAt: Math.max(before, createdAt), seq: ++this.seq });
  }
}
