/** The types of rooms. A workspace collects garbage; a document keeps its history for versions. */
export const DO_TYPES = ['workspace', 'document'] as const;
export type DoType = (typeof DO_TYPES)[number];

/** The size of a room's storage, measured by the room. */
export interface Measurement {
  /** `ctx.storage.sql.databaseSize`, in bytes. */
  readonly storageBytes: number;
  /** Unix milliseconds of the room's clock; strictly increasing within one room. */
  readonly measuredAt: number;
}

/** What a room, or a caller that reached one, reports to the registry. */
export interface InstanceReport {
  readonly doName: string;
  /** The object's hex id, as in Cloudflare's object list. */
  readonly doId: string;
  readonly userId: string;
  readonly doType: DoType;
  readonly resourceName: string;
  /** Unix milliseconds of this incarnation. A recreated room has a later one. */
  readonly createdAt: number;
  /** Unix milliseconds of the last use that the reporter observed. */
  readonly accessedAt: number;
  /** `null` if the size was not measured. */
  readonly measurement: Measurement | null;
}
