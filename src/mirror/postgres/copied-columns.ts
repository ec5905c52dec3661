import { type Column, SEPARATOR } from '../../registry/changes/columns.ts';

/** The type of a parameter of each kind, and the SQL that converts it to the column's type. */
const KINDS: Readonly<
  Record<Column<unknown>['kind'], { parameter: string; write: (name: string) => string }>
> = {
  text: { parameter: 'text', write: (name) => name },
  integer: { parameter: 'bigint', write: (name) => name },
  // Exact for every safe integer, unlike `to_timestamp`, which uses floating point. An interval stores days separately.
  time: {
    parameter: 'bigint',
    write: (name) => `(timestamp 'epoch' + interval '1 day' * (${name} / 86400000)
      + interval '1 millisecond' * (${name} % 86400000)) at time zone 'UTC'`,
  },
  day: { parameter: 'integer', write: (name) => `date '1970-01-01' + ${name}` },
};

const getNames = <Row>(columns: readonly Column<Row>[]) => columns.map(({ column }) => column);

/**
 * SQL that inserts or updates rows. Takes one array per column (`createParameters`).
 * @param key columns of the primary key
 * @param further additional columns with the SQL of their values
 */
export function upsertStatement<Row>(
  table: string,
  columns: readonly Column<Row>[],
  key: readonly string[],
  further: Readonly<Record<string, string>>,
): string {
  const names = getNames(columns);
  const all = [...names, ...Object.keys(further)];
  const values = columns.map(({ column, kind }) => KINDS[kind].write(column));
  const arrays = columns.map(({ kind }, index) => `$${index + 1}::${KINDS[kind].parameter}[]`);
  const changes = all.filter((name) => !key.includes(name)).map((name) => `${name} = excluded.${name}`);
  return `
    insert into ${table} as mirrored (${all.join(', ')})
    select ${[...values, ...Object.values(further)].join(', ')}
    from unnest(${arrays.join(', ')}) as changed (${names.join(', ')})
    on conflict (${key.join(', ')}) do update set ${changes.join(', ')}`;
}

export function createParameters<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): unknown[] {
  return columns.map(({ property }) => rows.map((row) => row[property]));
}

/**
 * Fast conversion to milliseconds. It is inexact after the year 33658; then the texts differ and the rows are compared one by
 * one.
 */
const quickMs = (column: string) =>
  `case when not isfinite(${column}) then 'infinite' else (date_part('epoch', ${column}) * 1000)::bigint::text end`;
const exactMs = (column: string) => `trunc(extract(epoch from ${column}) * 1000)::text`;
const dayNumber = (column: string) =>
  `case when not isfinite(${column}) then 'infinite' else (${column} - date '1970-01-01')::text end`;

function quickText({ column, kind, isNullable }: Column<never>): string {
  if (kind === 'text') return column;
  const text = kind === 'time' ? quickMs(column) : kind === 'day' ? dayNumber(column) : `${column}::text`;
  return isNullable === true ? `coalesce(${text}, '')` : text;
}

const joined = (parts: readonly string[]) => parts.join(` || chr(${SEPARATOR}) || `);

/**
 * SQL for the number of rows and the SHA-256 of their text, in the order of `source`. Joins the short values separately,
 * because each concatenation copies the text so far.
 */
export function fingerprint<Row>(columns: readonly Column<Row>[], source: string): string {
  const texts = columns.filter(({ kind }) => kind === 'text');
  const numbers = columns.slice(texts.length);
  const row = `${joined(texts.map(quickText))} || chr(${SEPARATOR}) || (${joined(numbers.map(quickText))})`;
  return `
    select count(*)::int as rows,
      encode(sha256(convert_to(coalesce(string_agg(${row}, chr(${SEPARATOR})), ''), 'UTF8')), 'hex') as hash
    from (${source}) as range`;
}

/** A row of the copy with all values as text or null. */
export type Copied<Row> = {
  readonly [Property in keyof Row]: null extends Row[Property] ? string | null : string;
};

/** SQL that selects a row as `Copied`. */
export function selectCopied<Row>(columns: readonly Column<Row>[]): string {
  return columns
    .map(({ column, property, kind }) => {
      const text = kind === 'time' ? exactMs(column) : kind === 'day' ? dayNumber(column) : `${column}::text`;
      return `${text} as "${property}"`;
    })
    .join(', ');
}

export function isSame<Row>(columns: readonly Column<Row>[], row: Row, copied: Copied<Row>): boolean {
  return columns.every(({ property }) => {
    const value = row[property];
    return (value === null ? null : String(value)) === copied[property];
  });
}

/** SHA-256 in hexadecimal, as in `fingerprint`. */
export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
