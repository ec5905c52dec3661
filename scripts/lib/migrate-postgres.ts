import { createRequire } from 'node:module';
import path from 'node:path';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import { runToEnd } from './processes.ts';
import { PROJECT_ROOT } from './project.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const DRIZZLE_KIT = path.join(path.dirname(createRequire(import.meta.url).resolve('drizzle-kit')), 'bin.cjs');

/**
 * Brings a Postgres database to the newest of pg-migrations, by drizzle-kit. Safe to repeat.
 * @throws an `Error` for people, which never holds the password
 */
export async function migratePostgres(url: string): Promise<void> {
  const where = describePostgres(url);
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    throw new Error(`Cannot connect to ${where}: ${explain(error)}`, { cause: error });
  }
  try {
    await runToEnd({
      command: process.execPath,
      args: [DRIZZLE_KIT, 'migrate'],
      cwd: PROJECT_ROOT,
      env: { ...process.env, ROOMKEEPER_DB: 'postgres', DATABASE_URL: url },
    }).catch(async () => {
      // drizzle-kit ends without a word about why. Its library does the same by the same journal, and says it.
      await migrate(drizzle(client), { migrationsFolder: path.join(PROJECT_ROOT, 'pg-migrations') });
    });
  } catch (error) {
    throw new Error(`Cannot migrate ${where}: ${explain(error)}`, { cause: error });
  } finally {
    await client.end();
  }
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
  if (!(error instanceof Error)) return String(error);
  // drizzle wraps Postgres' own error in one that repeats the query.
  return error.cause instanceof Error ? error.cause.message : error.message;
}
