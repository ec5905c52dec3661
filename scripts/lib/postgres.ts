import { randomBytes } from 'node:crypto';
import { chown, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from './ports.ts';
import { endPostmaster, endLeftovers } from './postgres-leftovers.ts';
import { type ChildProcess, runToEnd, startChild } from './processes.ts';
import { type PostgresUser, postgresBinaries, postgresUser, reachableFolder } from './reachable-postgres.ts';

const DATABASE = 'roomkeeper';
const SUPERUSER = 'roomkeeper';
const PASSWORD_BYTES = 24;
/** A crashed cluster replays its log before it answers. */
const READY_TIMEOUT_MS = 60_000;
const READY_POLL_MS = 25;
/** Another process may take a free port between its choice and its use. */
const PORT_ATTEMPTS = 3;

export interface PostgresOptions {
  /** Holds the cluster and its password. Made where it is missing; found again by a later start. */
  readonly dataDir: string;
  /** Default: a free port. */
  readonly port?: number;
  /** Receives Postgres' log, line by line. */
  readonly log?: (line: string) => void;
  /** `false`: faster, without durability, for tests. */
  readonly fsync?: boolean;
  /** Further arguments of `postgres`, such as `['-c', 'log_statement=all']`. */
  readonly flags?: readonly string[];
}

export interface RunningPostgres {
  /** With the password. */
  readonly connectionString: string;
  readonly port: number;
  /** Where the data really is: elsewhere than asked where root's Postgres could not reach that. */
  readonly dataDir: string;
  /** Of the postmaster. */
  readonly pid: number;
  /** Settles when the postmaster has ended, for whatever reason. */
  readonly ended: Promise<void>;
  /** Ends every connection and Postgres; settles when it has ended. */
  stop(): Promise<void>;
}

/**
 * Starts an embedded Postgres 18 on 127.0.0.1 alone, with one database, `roomkeeper`.
 * A Postgres that an earlier, killed run left on the same data is stopped first; a crashed cluster recovers.
 * @throws where the machine cannot run Postgres, or the data is of another major version or lost its password
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const { log = () => undefined, fsync = true, flags = [] } = options;
  const user = await postgresUser(options.dataDir);
  const binaries = await postgresBinaries(user);
  const home = await reachableFolder(path.resolve(options.dataDir), user);
  const cluster = path.join(home, 'cluster');

  const version = await readOptional(path.join(cluster, 'PG_VERSION'));
  if (version === undefined) {
    await createCluster({ binaries, home, cluster, user, fsync, log });
  } else {
    await endLeftovers(cluster, log);
  }
  const password = await readPassword(home);

  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    const lines: string[] = [];
    const child = startChild({
      command: path.join(binaries, 'bin', 'postgres'),
      args: [
        `-D${cluster}`,
        `-p${port}`,
        '-h127.0.0.1',
        // No socket file: its path would have to be short.
        '-cunix_socket_directories=',
        ...(fsync ? [] : ['-c', 'fsync=off', '-c', 'full_page_writes=off', '-c', 'synchronous_commit=off']),
        ...flags,
      ],
      cwd: '/',
      ...user,
      // Immediate shutdown: the next start replays the log.
      exitSignal: 'SIGQUIT',
      onLine: (line) => {
        lines.push(line);
        log(line);
      },
    });
    const connectionString = `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${DATABASE}`;
    try {
      await untilReady(child, connectionString, lines);
      return {
        connectionString,
        dataDir: home,
        port,
        pid: child.pid,
        ended: child.ended.then(() => undefined),
        stop: () => stop(child),
      };
    } catch (error) {
      await stop(child);
      const portTaken = options.port === undefined && lines.some((line) => line.includes('could not bind'));
      if (!portTaken || attempt >= PORT_ATTEMPTS) throw error;
    }
  }
}

interface NewCluster {
  readonly binaries: string;
  readonly home: string;
  readonly cluster: string;
  readonly user: PostgresUser | undefined;
  readonly fsync: boolean;
  readonly log: (line: string) => void;
}

/** Under another name until it is whole, so that a killed `initdb` leaves nothing that looks like a cluster. */
async function createCluster({ binaries, home, cluster, user, fsync, log }: NewCluster): Promise<void> {
  const partial = `${cluster}.partial`;
  await rm(partial, { recursive: true, force: true });
  const passwordFile = path.join(home, 'password');
  await writeFile(passwordFile, randomBytes(PASSWORD_BYTES).toString('hex'), { mode: 0o600 });
  if (user !== undefined) await chown(passwordFile, user.uid, user.gid);
  await runToEnd({
    command: path.join(binaries, 'bin', 'initdb'),
    args: [
      `--pgdata=${partial}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // Built in since Postgres 17: the same on every machine, whatever locales it has.
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--locale=C',
      '--no-instructions',
      ...(fsync ? [] : ['--no-sync']),
    ],
    cwd: '/',
    ...user,
    onLine: log,
  });
  await rename(partial, cluster);
}

async function readPassword(home: string): Promise<string> {
  const file = path.join(home, 'password');
  const password = (await readOptional(file))?.trim();
  if (password !== undefined && password !== '') return password;
  throw new Error(
    `${file} is missing, so the Postgres data cannot be opened. Remove ${home} to start with empty data.`,
  );
}

/** Resolves once the database answers, making it where it is missing. */
async function untilReady(
  child: ChildProcess,
  connectionString: string,
  lines: readonly string[],
): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  let ended = false;
  void child.ended.then(() => (ended = true));
  const maintenance = connectionString.replace(/[^/]+$/, 'postgres');
  for (;;) {
    const failure = await makeDatabase(maintenance);
    if (failure === undefined) return;
    if (ended) throw new Error(`Postgres did not start:\n${lines.slice(-20).join('\n')}`);
    if (Date.now() > deadline) {
      throw new Error(`Postgres did not answer within ${READY_TIMEOUT_MS / 1000} s: ${failure.message}`);
    }
    await sleep(READY_POLL_MS);
  }
}

/** @returns why Postgres does not answer yet; anything but that is thrown */
async function makeDatabase(connectionString: string): Promise<Error | undefined> {
  const client = new pg.Client({ connectionString });
  // `connect` or `query` also reject if Postgres drops a new connection.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    // 57P03 cannot_connect_now: starting up (Postgres' errcodes, appendix A).
    if (error instanceof Error && (code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === '57P03'))
      return error;
    throw error;
  }
  try {
    const found = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
    if (found.rowCount === 0) await client.query(`create database ${DATABASE}`);
    return undefined;
  } finally {
    await client.end();
  }
}

async function stop(child: ChildProcess): Promise<void> {
  await endPostmaster(child.pid);
  await child.ended;
}

async function readOptional(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
