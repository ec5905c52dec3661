import type { Instance } from '../read/queries.ts';
import { DAY_S } from '../read/storage-curve.ts';
import type { Interval, StorageHistory } from '../read/usage-history.ts';

/** @param ms Unix time in milliseconds */
export const iso = (ms: number): string => new Date(ms).toISOString();

/** A row in the format of the API: times in ISO 8601. */
export function toApiInstance<Row extends Instance>(instance: Row) {
  return {
    ...instance,
    storageMeasuredAt: instance.storageMeasuredAt === null ? null : iso(instance.storageMeasuredAt),
    createdAt: iso(instance.createdAt),
    lastAccessedAt: iso(instance.lastAccessedAt),
  };
}

const SECONDS_PER_HOUR = 3_600;

/** As a number, and exactly as a string, because it can exceed a JavaScript number. */
const amount = (byteSeconds: bigint) => ({
  byteHours: Number(byteSeconds) / SECONDS_PER_HOUR,
  byteSeconds: String(byteSeconds),
});

/** A storage history in the format of the API. */
export function toApiHistory(history: StorageHistory, { from, to }: Interval) {
  return {
    from: iso(from * 1_000),
    to: iso(to * 1_000),
    keptSince: history.keptSince === null ? null : iso(history.keptSince * 1_000),
    storageBytes: history.storageBytes,
    ...amount(history.byteSeconds),
    days: history.days.map(({ day, storageBytes, byteSeconds }) => ({
      day: iso(day * DAY_S * 1_000).slice(0, 'YYYY-MM-DD'.length),
      storageBytes,
      ...amount(byteSeconds),
    })),
  };
}
