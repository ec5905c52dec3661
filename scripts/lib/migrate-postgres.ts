import path from 'node:path';
import { type MigrationMeta, readMigrationFiles } from 'drizzle-orm/migrator';
import pg from 'pg';
import { getVersionProblem } from '../../src/mirror/postgres/check-schema.ts';
import { getMirrorSchema } from '../../src/mirror/postgres/schema-name.ts';
import { PROJECT_ROOT } from './project.ts';

const CONNECT_TIMEOUT_MS = 10_000;
/** Wait for a table that another session has locked. */
const LOCK_TIMEOUT_MS = 10_000;

/** Which of pg-migrations a schema has. Its own name, because the schema may hold tables that others migrate by drizzle. */
const JOURNAL = 'roomkeeper_migrations';
/** Where earlier versions of this command noted it, for the schema `public` alone. */
const EARLIER_JOURNAL = 'drizzle.__drizzle_migrations';

/** Names of all objects of the migrations. In a schema without our journal they belong to another program. */
const OUR_NAMES = ['durable_object_instance', 'mirror_checkpoint', 'mirror_reconcile', 'user_storage_day'];

/**
 * Brings a schema of a Postgres database to the newest of pg-migrations: all of it in one transaction, or nothing. Safe to
 * repeat. Needs no right but to create tables in the schema, and to create the schema where there is none.
 * @param schemaVariable as MIRROR_SCHEMA
 * @returns the schema
 * @throws an `Error` for people, which never holds the password
 */
export async function migratePostgres(url: string, schemaVariable?: string): Promise<string> {
  const where = describePostgres(url);
  const schema = getMirrorSchema(schemaVariable);
  const migrations = readMigrationFiles({ migrationsFolder: path.join(PROJECT_ROOT, 'pg-migrations') });
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    lock_timeout: LOCK_TIMEOUT_MS,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw new Error(`Cannot connect to ${where}: ${explain(error)}`, { cause: error });
  }
  try {
    await client.query('begin');
    const migrated = await migrateSchema(client, schema, migrations);
    await client.query('commit');
    return migrated;
  } catch (error) {
    throw new Error(`Cannot migrate ${where}: ${explain(error)}`, { cause: error });
  } finally {
    // What was not committed is rolled back by it.
    await client.end();
  }
}

async function migrateSchema(
  client: pg.Client,
  asked: string | null,
  migrations: readonly MigrationMeta[],
): Promise<string> {
  const [server] = await rows<{ version: number; schema: string | null }>(
    client,
    `select current_setting('server_version_num')::int as version, coalesce($1, current_schema()) as schema`,
    [asked],
  );
  const tooOld = getVersionProblem(server?.version ?? 0);
  if (tooOld !== null) throw new Error(tooOld);
  const schema = server?.schema ?? null;
  if (schema === null)
    throw new Error('the search_path names no schema that is there; name one with MIRROR_SCHEMA');
  const quoted = pg.escapeIdentifier(schema);

  // "if not exists" would ask for the right to create one all the same.
  const [known] = await rows(client, 'select 1 from pg_namespace where nspname = $1', [schema]);
  if (known === undefined) await client.query(`create schema ${quoted}`);
  await client.query(`set local search_path to ${quoted}`);

  const applied = await appliedMigrations(client, schema, migrations);
  const unknown = [...applied].filter((hash) => migrations.every((migration) => migration.hash !== hash));
  if (unknown.length > 0) {
    throw new Error(`the schema "${schema}" has migrations of another version of Roomkeeper; use that one`);
  }
  for (const { hash, sql } of migrations) {
    if (applied.has(hash)) continue;
    for (const statement of sql) await client.query(statement);
    await client.query(`insert into ${JOURNAL} (hash) values ($1)`, [hash]);
  }
  return schema;
}

/** The hashes of what has been applied, with the journal made where there was none, and locked. */
async function appliedMigrations(
  client: pg.Client,
  schema: string,
  migrations: readonly MigrationMeta[],
): Promise<Set<string>> {
  const found = await rows<{ name: string }>(
    client,
    'select relname as name from pg_class where relnamespace = $1::regnamespace and relname = any($2)',
    [pg.escapeIdentifier(schema), [JOURNAL, ...OUR_NAMES]],
  );
  if (!found.some(({ name }) => name === JOURNAL)) {
    const adopted =
      found.length > 0 && schema === 'public' ? await earlierMigrations(client, migrations) : [];
    if (found.length > 0 && adopted.length === 0) {
      const names = found.map(({ name }) => `"${name}"`).join(', ');
      throw new Error(
        `the schema "${schema}" has ${names}, which Roomkeeper did not make. Name another schema with MIRROR_SCHEMA`,
      );
    }
    await client.query(
      `create table ${JOURNAL} (hash text primary key, applied_at timestamptz not null default now())`,
    );
    await client.query(`insert into ${JOURNAL} (hash) select unnest($1::text[])`, [adopted]);
  }
  await client.query(`lock table ${JOURNAL} in exclusive mode`);
  return new Set(
    (await rows<{ hash: string }>(client, `select hash from ${JOURNAL}`)).map(({ hash }) => hash),
  );
}

async function earlierMigrations(client: pg.Client, migrations: readonly MigrationMeta[]): Promise<string[]> {
  const [journal] = await rows(client, 'select 1 where to_regclass($1) is not null', [EARLIER_JOURNAL]);
  if (journal === undefined) return [];
  const hashes = migrations.map(({ hash }) => hash);
  const found = await rows<{ hash: string }>(
    client,
    `select hash from ${EARLIER_JOURNAL} where hash = any($1)`,
    [hashes],
  );
  return found.map(({ hash }) => hash);
}

async function rows<Row extends pg.QueryResultRow>(
  client: pg.Client,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  return (await client.query<Row>(text, values)).rows;
}

/**
 * A connection string's host, port, database and user, for messages.
 * @throws an `Error` for people where it is not one of Postgres
 */
export function describePostgres(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || !/^postgres(ql)?:$/.test(parsed.protocol) || parsed.hostname === '') {
    throw new Error('Not a Postgres URL. It reads postgres://USER:PASSWORD@HOST:PORT/DATABASE');
  }
  const database = parsed.pathname.slice(1) || parsed.username;
  return `database "${database}" on ${parsed.hostname}:${parsed.port || '5432'} as user "${parsed.username}"`;
}

function explain(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(explain).join('; ');
  return error instanceof Error ? error.message : String(error);
}
