import type { durableObjectInstance } from '../schema.ts';

/** A row of the registry. Times are Unix milliseconds. */
export type ChangedRow = Omit<typeof durableObjectInstance.$inferSelect, 'decodedUserId' | 'decodedName'>;

/** A row of `userStorageDay` (schema.ts). Integers are text, because sums can exceed a JavaScript number. */
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

/** A column that the mirror copies. */
export interface Column<Row> {
  readonly column: string;
  readonly property: keyof Row & string;
  /** `time` is in Unix milliseconds, `day` in days since 1970-01-01. */
  readonly kind: 'text' | 'integer' | 'time' | 'day';
  readonly isNullable?: true;
  /** SQL expression in D1, if it is not the column itself. */
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

/** Without `steps` (up to 30 kB per row): only charts need the changes within a day. */
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
 * Separator of columns and rows in a range's text: DEL. Names and ids cannot contain control characters. JSON, D1's response
 * format, does not escape this one; parsing escapes takes several times as long.
 */
export const SEPARATOR = 127;

/** SQL of D1 that selects the columns under the names of their properties. */
export function selectSql<Row>(columns: readonly Column<Row>[], prefix = ''): string {
  return columns.map(({ column, property, inD1 }) => `${inD1 ?? prefix + column} AS ${property}`).join(', ');
}

/** SQL of D1 for the text of a row: all columns, nulls empty. */
export function rowTextSql<Row>(columns: readonly Column<Row>[]): string {
  const texts = columns.map(({ column, isNullable, inD1 }) =>
    isNullable === true ? `coalesce(${column}, '')` : (inD1 ?? column),
  );
  return `concat_ws(char(${SEPARATOR}), ${texts.join()})`;
}
