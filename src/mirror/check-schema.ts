import { getTableConfig } from 'drizzle-orm/pg-core';
import type { Client } from 'pg';
import { durableObjectInstance, mirrorCheckpoint, mirrorReconcile } from './schema.ts';

/** The oldest Postgres that the statements of the mirror are right for, as in `server_version_num`. */
const OLDEST_POSTGRES = 140_000;

const TABLES = [durableObjectInstance, mirrorCheckpoint, mirrorReconcile].map((table) => {
  const { name, columns } = getTableConfig(table);
  // drizzle writes "timestamp (3)", Postgres "timestamp(3)".
  return {
    name,
    columns: columns.map((column) => [column.name, column.getSQLType().replace(' (', '(')] as const),
  };
});

/** Of each of our tables the columns that are there. */
const COLUMNS_FOUND = `
  select current_setting('server_version_num')::int as version, wanted.name as table, attname as column,
    format_type(atttypid, atttypmod) || case when collname = 'C' then ' COLLATE "C"' else '' end as type
  from unnest($1::text[]) as wanted (name)
  left join pg_attribute on attrelid = to_regclass(quote_ident(wanted.name)) and attnum > 0 and not attisdropped
  left join pg_collation on pg_collation.oid = attcollation`;

interface ColumnFound {
  readonly version: number;
  readonly table: string;
  /** `null` where there is no such table. */
  readonly column: string | null;
  readonly type: string | null;
}

/**
 * Makes sure, before anything is written, that Postgres has the tables that this version of the mirror writes.
 * @throws an `Error` for operators that says what to do
 */
export async function checkSchema(client: Client): Promise<void> {
  const { rows } = await client.query<ColumnFound>(COLUMNS_FOUND, [TABLES.map(({ name }) => name)]);
  const problem = versionProblem(rows[0]?.version ?? 0) ?? schemaProblem(rows);
  if (problem !== null) throw new Error(problem);
}

/** What is wrong with a Postgres of a version, as in `server_version_num`; `null`: nothing. */
export function versionProblem(version: number): string | null {
  return version >= OLDEST_POSTGRES
    ? null
    : `Postgres ${Math.floor(version / 10_000)} is too old for the mirror: it needs ${OLDEST_POSTGRES / 10_000} or later.`;
}

function schemaProblem(found: readonly ColumnFound[]): string | null {
  const types = new Map(found.map(({ table, column, type }) => [`${table}.${column}`, type]));
  const missing: string[] = [];
  const wrong: string[] = [];
  for (const { name, columns } of TABLES) {
    if (types.has(`${name}.null`)) {
      missing.push(name);
      continue;
    }
    for (const [column, wanted] of columns) {
      const type = types.get(`${name}.${column}`);
      if (type === undefined) missing.push(`${name}.${column}`);
      else if (type !== wanted) wrong.push(`${name}.${column} is ${type}, not ${wanted}`);
    }
  }
  if (wrong.length > 0) {
    return `Postgres has tables that are not the mirror's: ${wrong.join('; ')}. Choose another schema with MIRROR_SCHEMA.`;
  }
  if (missing.length > 0) {
    return `Postgres lacks ${missing.join(', ')}. Apply the migrations: npm run migrate:pg -- <url>.`;
  }
  return null;
}
