import type { Instance } from './queries.ts';

const iso = (ms: number) => new Date(ms).toISOString();

/** A row as the API shows it: times in ISO 8601. */
export function toWire(instance: Instance) {
  return {
    ...instance,
    storageMeasuredAt: instance.storageMeasuredAt === null ? null : iso(instance.storageMeasuredAt),
    createdAt: iso(instance.createdAt),
    lastAccessedAt: iso(instance.lastAccessedAt),
  };
}
