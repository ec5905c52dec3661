import { getTableConfig } from 'drizzle-orm/pg-core';
import type { Client } from 'pg';
import { durableObjectInstance, mirrorCheckpoint, mirrorReconcile, userStorageDay } from './schema.ts';

/** The oldest Postgres that the statements of the mirror are right for, as in `server_version_num`. */
const OLDEST_POSTGRES = 140_000;

const TABLES = [durableObjectInstance, userStorageDay, mirrorCheckpoint, mirrorReconcile].map((table) => {
  const { name, columns } = getTableConfig(table);
  // drizzle writes "timestamp (3)", Postgres "timestamp(3)".
  return {
    name,
    columns: columns.map((column) => [column.name, column.getSQLType().replace(' (', '(')] as const),
  };
});

/** What the passes do with each of our tables. */
const PRIVILEGES = ['select', 'insert', 'update', 'delete'];

/** Of each of our tables the columns that are there, and what we may not do with it. */
const COLUMNS_FOUND = `
  select current_setting('server_version_num')::int as version, current_user as "user", current_schema() as schema,
    (
      select nspname from pg_namespace
      where nspname = any(regexp_split_to_array(current_setting('search_path'), '[", ]+'))
        and not has_schema_privilege(oid, 'usage')
      limit 1
    ) as "closedSchema",
    wanted.name as table, attname as column,
    format_type(atttypid, atttypmod) || case when collname = 'C' then ' COLLATE "C"' else '' end as type,
    array(select wish from unnest($2::text[]) as wish where not has_table_privilege(found, wish)) as refused
  from unnest($1::text[]) as wanted (name)
  cross join to_regclass(quote_ident(wanted.name)) as found
  left join pg_attribute on attrelid = found and attnum > 0 and not attisdropped
  left join pg_collation on pg_collation.oid = attcollation`;

interface ColumnFound {
  readonly version: number;
  readonly user: string;
  /** Where tables are looked for first; `null` where there is none. */
  readonly schema: string | null;
  /** One where they would be looked for, if the user had the right to. */
  readonly closedSchema: string | null;
  readonly table: string;
  /** `null` where there is no such table. */
  readonly column: string | null;
  readonly type: string | null;
  readonly refused: readonly string[];
}

/**
 * Makes sure, before anything is written, that Postgres has the tables that this version of the mirror writes, and lets it.
 * @throws an `Error` for operators that says what to do
 */
export async function checkSchema(client: Client): Promise<void> {
  const { rows } = await client.query<ColumnFound>(COLUMNS_FOUND, [
    TABLES.map(({ name }) => name),
    PRIVILEGES,
  ]);
  const problem = versionProblem(rows[0]?.version ?? 0) ?? schemaProblem(rows) ?? privilegeProblem(rows);
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
  const [{ user, closedSchema } = { user: '', closedSchema: null }] = found;
  if (missing.length > 0 && closedSchema !== null) {
    return `Postgres does not let "${user}" use the schema "${closedSchema}". As its owner: grant usage on schema ${closedSchema} to ${user};`;
  }
  if (missing.length > 0) {
    return `Postgres lacks ${missing.join(', ')}. Apply the migrations: npm run migrate:pg -- <url>.`;
  }
  return null;
}

function privilegeProblem(found: readonly ColumnFound[]): string | null {
  const refusing = found.find(({ refused }) => refused.length > 0);
  if (refusing === undefined) return null;
  const { user, schema, table, refused } = refusing;
  return `Postgres does not let "${user}" ${refused.join(', ')} on ${table}. As its owner: grant ${PRIVILEGES.join(', ')} on all tables in schema ${schema} to ${user};`;
}
