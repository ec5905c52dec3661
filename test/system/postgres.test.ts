import { mkdtemp, readdir, readlink, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runningProcesses, getProcessTree } from '../../scripts/lib/process-table.ts';
import { startPostgres } from '../../scripts/lib/postgres.ts';

let folder: string;
let dataDir: string;

beforeEach(async () => {
  // Open to its owner alone, like root's home: where root runs this, Postgres' user cannot pass through it.
  folder = await mkdtemp(path.join(tmpdir(), 'roomkeeper-postgres-test-'));
  dataDir = path.join(folder, 'postgres');
});

afterEach(async () => {
  const elsewhere = await readlink(dataDir).catch(() => undefined);
  if (elsewhere !== undefined) await rm(elsewhere, { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
});

describe('the embedded Postgres', () => {
  test('keeps its data in a private folder', async () => {
    expect((await stat(folder)).mode & 0o077).toBe(0);
    const first = await startPostgres({ dataDir });
    await query(first.connectionString, 'create table kept as select 42 as answer');
    await first.stop();
    const second = await startPostgres({ dataDir });
    expect(second.dataDir).toBe(first.dataDir);
    expect(await query(second.connectionString, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await second.stop();
  });

  test('recovers committed data after all processes were killed', async () => {
    const first = await startPostgres({ dataDir });
    await query(first.connectionString, 'create table kept as select 42 as answer');
    const pids = getProcessTree(first.pid, await runningProcesses()).map(({ pid }) => pid);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    const second = await startPostgres({ dataDir });
    expect(await query(second.connectionString, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await second.stop();
  });

  test('stops an earlier Postgres on the same data', async () => {
    const first = await startPostgres({ dataDir });
    await query(first.connectionString, 'create table kept as select 42 as answer');
    const second = await startPostgres({ dataDir });
    expect((await runningProcesses()).some(({ pid }) => pid === first.pid)).toBe(false);
    expect(await query(second.connectionString, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await second.stop();
  });

  test('is Postgres 18 on the loopback interface, with a private password', async () => {
    const postgres = await startPostgres({ dataDir });
    const settings = await query(
      postgres.connectionString,
      `select current_setting('server_version_num')::int / 10000 as major,
              current_setting('listen_addresses') as listens, current_setting('fsync') as fsync`,
    );
    expect(settings).toEqual([{ major: 18, listens: '127.0.0.1', fsync: 'on' }]);
    expect((await stat(path.join(dataDir, 'password'))).mode & 0o077).toBe(0);
    const wrong = postgres.connectionString.replace(/:[0-9a-f]+@/, ':wrong@');
    await expect(query(wrong, 'select 1')).rejects.toThrow('password authentication failed');
    await postgres.stop();
  });

  test('leaves no files if it cannot start', async () => {
    await expect(startPostgres({ dataDir, flags: ['-c', 'no_such_setting=1'] })).rejects.toThrow(
      'no_such_setting',
    );
    expect(await readdir(dataDir)).not.toContain('postmaster.pid');
    const postgres = await startPostgres({ dataDir });
    expect(await query(postgres.connectionString, 'select 1 as one')).toEqual([{ one: 1 }]);
    await postgres.stop();
  });
});

async function query(connectionString: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString });
  // A query rejects too, unless the server is killed between queries.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
