import type { Instance } from './queries.ts';

/** @param ms Unix time in milliseconds */
export const iso = (ms: number): string => new Date(ms).toISOString();

/** A row as the API shows it: times in ISO 8601. */
export function toWire<Row extends Instance>(instance: Row) {
  return {
    ...instance,
    storageMeasuredAt: instance.storageMeasuredAt === null ? null : iso(instance.storageMeasuredAt),
    createdAt: iso(instance.createdAt),
    lastAccessedAt: iso(instance.lastAccessedAt),
  };
}
