import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import { migratePostgres } from '../../../scripts/lib/migrate-postgres.ts';
import { startPostgres } from '../../../scripts/lib/postgres.ts';
import { startFaultyProxy } from './faulty-proxy.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A Postgres with pg-migrations applied. */
    postgresUrl: string;
    /** The same one, where nothing listens. */
    unreachablePostgresUrl: string;
    /** The same one, with another password. */
    wrongPasswordPostgresUrl: string;
    /** The same server with an unknown user. */
    unknownUserPostgresUrl: string;
    /** The same server with a user that has only the privileges granted by the tests. */
    grantedPostgresUrl: string;
    /** The same one, in a database that is not there. */
    noDatabasePostgresUrl: string;
    /** The same one, in a database without our tables. */
    unmigratedPostgresUrl: string;
    /** A server that accepts connections and never answers. */
    silentPostgresUrl: string;
    /** The same one, behind a proxy that breaks connections. */
    faultyPostgresUrl: string;
  }
}

/** Starts Postgres for the project `mirror`, and stops it when its tests are done. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'roomkeeper-mirror-test-'));
  // Under root Postgres runs as a user of its own, who must be able to pass through.
  await chmod(directory, 0o755);
  const postgres = await startPostgres({ dataDir: join(directory, 'data'), fsync: false });
  const url = postgres.connectionString;

  await withClient(url, async (client) => {
    await client.query('create database unmigrated');
    // Somebody else's, of the same name and for another purpose.
    await client.query('create schema of_others');
    await client.query(
      'create table of_others.durable_object_instance (do_name text primary key, seq integer not null)',
    );
  });
  await migratePostgres(url);
  await migratePostgres(url, 'beside_others');
  await withClient(url, async (client) => {
    await client.query("create role worker login password 'of-the-worker'");
  });
  await migratePostgres(url, 'granted');
  const silent = createServer();
  await new Promise<void>((resolve) => {
    silent.listen(0, '127.0.0.1', resolve);
  });

  const faulty = await startFaultyProxy(postgres.port);

  project.provide('postgresUrl', url);
  project.provide('unreachablePostgresUrl', variant(url, { port: String(await freePort()) }));
  project.provide('wrongPasswordPostgresUrl', variant(url, { password: 'not-the-password' }));
  project.provide('unknownUserPostgresUrl', variant(url, { username: 'unknown' }));
  project.provide('grantedPostgresUrl', variant(url, { username: 'worker', password: 'of-the-worker' }));
  project.provide('noDatabasePostgresUrl', variant(url, { pathname: '/nowhere' }));
  project.provide('unmigratedPostgresUrl', variant(url, { pathname: '/unmigrated' }));
  project.provide('silentPostgresUrl', variant(url, { port: String(portOf(silent)) }));
  project.provide('faultyPostgresUrl', variant(url, { port: String(faulty.port) }));
  project.provide('faultyControlUrl', faulty.controlUrl);

  return async () => {
    silent.close();
    faulty.close();
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  };
}

async function withClient(url: string, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

function variant(
  url: string,
  parts: Partial<Pick<URL, 'port' | 'username' | 'password' | 'pathname'>>,
): string {
  return Object.assign(new URL(url), parts).toString();
}

/** A port on which nothing listened a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const port = portOf(server);
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

function portOf(server: ReturnType<typeof createServer>): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port');
  return address.port;
}
