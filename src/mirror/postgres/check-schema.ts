import { getTableConfig } from 'drizzle-orm/pg-core';
import type { Client } from 'pg';
import { durableObjectInstance, mirrorCheckpoint, mirrorReconcile, userStorageDay } from './schema.ts';

/** The oldest supported Postgres, as `server_version_num`. */
const OLDEST_POSTGRES = 140_000;

const TABLES = [durableObjectInstance, userStorageDay, mirrorCheckpoint, mirrorReconcile].map((table) => {
  const { name, columns } = getTableConfig(table);
  // drizzle writes "timestamp (3)", Postgres "timestamp(3)".
  return {
    name,
    columns: columns.map((column) => [column.name, column.getSQLType().replace(' (', '(')] as const),
  };
});

/** Privileges that the mirror needs on each table. */
const PRIVILEGES = ['select', 'insert', 'update', 'delete'];

/** The existing columns of each table and the privileges that the user lacks. */
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
  /** The first schema of the search path that exists; `null` if there is none. */
  readonly schema: string | null;
  /** A schema of the search path without the privilege `usage`. */
  readonly closedSchema: string | null;
  readonly table: string;
  /** `null` if the table does not exist. */
  readonly column: string | null;
  readonly type: string | null;
  readonly refused: readonly string[];
}

/**
 * Checks the version, tables and privileges in Postgres before the mirror writes.
 * @throws an `Error` that says what the operator must do
 */
export async function checkSchema(client: Client): Promise<void> {
  const { rows } = await client.query<ColumnFound>(COLUMNS_FOUND, [
    TABLES.map(({ name }) => name),
    PRIVILEGES,
  ]);
  const problem = getVersionProblem(rows[0]?.version ?? 0) ?? schemaProblem(rows) ?? privilegeProblem(rows);
  if (problem !== null) throw new Error(problem);
}

/**
 * The problem with a version of Postgres, or `null`.
 * @param version as `server_version_num`
 */
export function getVersionProblem(version: number): string | null {
  return version >= OLDEST_POSTGRES
    ? null
    : `Postgres ${Math.floor(version / 10_000)} is too old for the mirror. Upgrade to ${OLDEST_POSTGRES / 10_000} or later.`;
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
    return `Tables in Postgres are not the mirror's: ${wrong.join('; ')}. Choose another schema with MIRROR_SCHEMA.`;
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
