import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migratePostgres } from '../../scripts/lib/migrate-postgres.ts';
import { freePort } from '../../scripts/lib/ports.ts';
import { type RunningPostgres, startPostgres } from '../../scripts/lib/postgres.ts';
import { PROJECT_ROOT } from '../../scripts/lib/project.ts';

const TABLES = [
  'durable_object_instance',
  'mirror_checkpoint',
  'mirror_reconcile',
  'roomkeeper_migrations',
  'user_storage_day',
];

let folder: string;
let postgres: RunningPostgres;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'roomkeeper-migrate-test-'));
  postgres = await startPostgres({ dataDir: path.join(folder, 'data'), fsync: false });
});

afterAll(async () => {
  await postgres.stop();
  await rm(postgres.dataDir, { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
});

/** The URL of a new database, with parts replaced. */
async function newDatabase(name: string): Promise<string> {
  await query(postgres.connectionString, `create database ${name}`);
  return changed(postgres.connectionString, { pathname: `/${name}` });
}

function changed(
  url: string,
  parts: Partial<Pick<URL, 'username' | 'password' | 'hostname' | 'port' | 'pathname' | 'protocol'>>,
): string {
  return Object.assign(new URL(url), parts).toString();
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

const tablesOf = (url: string, schema: string) =>
  query(url, `select tablename as name from pg_tables where schemaname = '${schema}' order by 1`);
const named = (names: readonly string[]) => names.map((name) => ({ name }));

/** All that is there to be changed. */
const catalogue = (url: string) =>
  query(
    url,
    "select nspname, relname from pg_class join pg_namespace n on n.oid = relnamespace where nspname !~ '^pg_|^information' order by 1, 2",
  );

test('the command migrates, prints the schema, and does nothing the second time', async () => {
  const url = await newDatabase('twice');
  const run = promisify(execFile);
  for (let time = 0; time < 2; time += 1) {
    const { stdout } = await run(process.execPath, ['scripts/migrate-pg.ts', url], { cwd: PROJECT_ROOT });
    expect(stdout).toMatch(/^Migrated the schema "public" of database "twice" on 127\.0\.0\.1/);
  }
  expect(await tablesOf(url, 'public')).toEqual(named(TABLES));
});

test('a user with rights only in one schema can migrate it, repeatedly', async () => {
  const url = await newDatabase('shared');
  await query(
    url,
    `create role tenant login password 'tenant'; revoke create on schema public from public;
     create schema books authorization tenant; create table public.orders (id int); create schema drizzle;
     create table drizzle.__drizzle_migrations (id serial primary key, hash text, created_at bigint);
     insert into drizzle.__drizzle_migrations (hash, created_at) values ('theirs', 9999999999999)`,
  );
  const asTenant = changed(url, { username: 'tenant', password: 'tenant' });
  expect(await migratePostgres(asTenant, 'books')).toBe('books');
  expect(await migratePostgres(asTenant, 'books')).toBe('books');
  expect(await tablesOf(url, 'books')).toEqual(named(TABLES));
  expect(await tablesOf(url, 'public')).toEqual(named(['orders']));
  await expect(migratePostgres(asTenant)).rejects.toThrow(/permission denied for schema public/);
  await expect(migratePostgres(asTenant, 'other')).rejects.toThrow(/permission denied for database/);
});

test('a schema with foreign tables of the same names is refused and not changed', async () => {
  const url = await newDatabase('others');
  await query(url, 'create table mirror_checkpoint (id int)');
  const before = await catalogue(url);
  await expect(migratePostgres(url)).rejects.toThrow(
    /has "mirror_checkpoint", which Roomkeeper did not make.*MIRROR_SCHEMA/,
  );
  expect(await catalogue(url)).toEqual(before);
});

test('a schema of an earlier version of the command is migrated further', async () => {
  const url = await newDatabase('earlier');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await migrate(drizzle(client), { migrationsFolder: path.join(PROJECT_ROOT, 'pg-migrations') });
  await client.end();
  await query(url, "insert into mirror_checkpoint values ('registry', 7, now())");
  expect(await migratePostgres(url)).toBe('public');
  expect(await query(url, 'select seq::int from mirror_checkpoint')).toEqual([{ seq: 7 }]);
});

test('a failed migration rolls back all of them', async () => {
  const url = await newDatabase('failing');
  await query(url, 'create table user_storage (id int)');
  const before = await catalogue(url);
  await expect(migratePostgres(url)).rejects.toThrow(/user_storage/);
  expect(await catalogue(url)).toEqual(before);
});

test('a schema of a later version is refused', async () => {
  const url = await newDatabase('later');
  await migratePostgres(url);
  await query(url, "insert into roomkeeper_migrations (hash) values ('later')");
  await expect(migratePostgres(url)).rejects.toThrow(/another version of Roomkeeper/);
});

test('two concurrent commands migrate once', async () => {
  const url = await newDatabase('at_once');
  const outcomes = await Promise.allSettled([migratePostgres(url), migratePostgres(url)]);
  expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true);
  expect(await migratePostgres(url)).toBe('public');
  expect(await tablesOf(url, 'public')).toEqual(named(TABLES));
});

test('the error for a wrong URL does not contain its password, and nothing is written', async () => {
  const url = await newDatabase('untouched');
  const before = await catalogue(url);
  const wrong: [string, RegExp][] = [
    ['', /Not a Postgres URL/],
    ['nonsense', /Not a Postgres URL/],
    [changed(url, {}).replace('postgres', 'mysql'), /Not a Postgres URL/],
    ['postgres:///untouched', /Not a Postgres URL/],
    [changed(url, { hostname: 'no-such-host.invalid' }), /Cannot connect to .*no-such-host\.invalid/],
    [changed(url, { port: String(await freePort()) }), /Cannot connect to .*ECONNREFUSED/],
    [
      changed(url, { username: 'nobody' }),
      /Cannot connect to .*as user "nobody": password authentication failed/,
    ],
    [changed(url, { password: 'wrong-secret' }), /password authentication failed/],
    [changed(url, { pathname: '/nowhere' }), /database "nowhere" does not exist/],
  ];
  for (const [given, says] of wrong) {
    const error = await migratePostgres(given).then(String, String);
    expect(error, given).toMatch(says);
    expect(error).not.toContain(new URL(url).password);
    expect(error).not.toContain('wrong-secret');
  }
  await expect(migratePostgres(url, 'Not a name')).rejects.toThrow(/^MIRROR_SCHEMA must be/);
  expect(await catalogue(url)).toEqual(before);
});
