import type { durableObjectInstance } from '../schema.ts';

/** A row of the registry as it stands. Times are Unix milliseconds. */
export type ChangedRow = Omit<typeof durableObjectInstance.$inferSelect, 'decodedUserId' | 'decodedName'>;

/** What a user stored on one day (`userStorageDay` in schema.ts). Whole numbers as text: a sum may be beyond what a number holds. */
export interface StorageDay {
  readonly userId: string;
  /** Days since 1970-01-01. */
  readonly day: string;
  readonly openedBytes: string;
  readonly storageBytes: string;
  /** Unix milliseconds. */
  readonly changedAt: string;
  readonly byteSeconds: string;
  readonly seq: string;
}

/** A column that the mirror copies: whoever reads or writes all of a row goes by these lists. */
export interface Column<Row> {
  readonly column: string;
  readonly property: keyof Row & string;
  /** `time` is given in Unix milliseconds, `day` in days since 1970-01-01. */
  readonly kind: 'text' | 'integer' | 'time' | 'day';
  readonly isNullable?: true;
  /** SQL of D1, where it is not the column as it stands. */
  readonly inD1?: string;
}

export const INSTANCE_COLUMNS: readonly Column<ChangedRow>[] = [
  { column: 'do_name', property: 'doName', kind: 'text' },
  { column: 'do_id', property: 'doId', kind: 'text' },
  { column: 'user_id', property: 'userId', kind: 'text' },
  { column: 'do_type', property: 'doType', kind: 'text' },
  { column: 'resource_name', property: 'resourceName', kind: 'text' },
  { column: 'storage_bytes', property: 'storageBytes', kind: 'integer', isNullable: true },
  { column: 'created_at', property: 'createdAt', kind: 'time' },
  { column: 'last_accessed_at', property: 'lastAccessedAt', kind: 'time' },
  { column: 'storage_measured_at', property: 'storageMeasuredAt', kind: 'time', isNullable: true },
  { column: 'seq', property: 'seq', kind: 'integer' },
];

/** Without `steps`: the course within a day is for its pictures, and up to 30 kB. The sums of days are exact without it. */
export const STORAGE_DAY_COLUMNS: readonly Column<StorageDay>[] = [
  { column: 'user_id', property: 'userId', kind: 'text' },
  { column: 'day', property: 'day', kind: 'day', inD1: 'cast(day AS text)' },
  { column: 'opened_bytes', property: 'openedBytes', kind: 'integer', inD1: 'cast(opened_bytes AS text)' },
  { column: 'storage_bytes', property: 'storageBytes', kind: 'integer', inD1: 'cast(storage_bytes AS text)' },
  { column: 'changed_at', property: 'changedAt', kind: 'time', inD1: 'cast(changed_at * 1000 AS text)' },
  { column: 'byte_seconds', property: 'byteSeconds', kind: 'integer', inD1: 'cast(byte_seconds AS text)' },
  { column: 'seq', property: 'seq', kind: 'integer', inD1: 'cast(seq AS text)' },
];

/**
 * The character between the columns and the rows of a range's text: DEL. Names and ids with control characters are refused, and
 * this is the one that JSON, as which D1 answers, does not escape: a text with escapes takes several times as long.
 */
export const SEPARATOR = 127;

/** SQL of D1 that selects a row by the names of its properties. */
export function selection<Row>(columns: readonly Column<Row>[], prefix = ''): string {
  return columns.map(({ column, property, inD1 }) => `${inD1 ?? prefix + column} AS ${property}`).join(', ');
}

/** SQL of D1 for the text of a row: each column, nulls empty. */
export function textOfRow<Row>(columns: readonly Column<Row>[]): string {
  const texts = columns.map(({ column, isNullable, inD1 }) =>
    isNullable === true ? `coalesce(${column}, '')` : (inD1 ?? column),
  );
  return `concat_ws(char(${SEPARATOR}), ${texts.join()})`;
}
