import { randomUUID } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runningProcesses } from '../../scripts/lib/process-table.ts';
import { type DevProcess, killLeftovers, startDev } from '../support/dev-process.ts';
import { removeFolder, startSystem, type System } from '../support/system.ts';
import { until } from '../support/until.ts';
import { migratedFolder } from '../system/site.ts';

let folder: string;

beforeEach(async () => {
  folder = await migratedFolder();
});

afterEach(async () => {
  await killLeftovers();
  await removeFolder(folder);
});

describe('npm run dev', () => {
  test('leaves no process behind after Ctrl-C', async () => {
    const system = await startSystem({ persistTo: folder });
    const pids = await system.tree();
    const commands = await listCommands(pids);
    for (const part of ['wrangler', 'workerd', 'postgres']) {
      expect(commands).toEqual(expect.arrayContaining([expect.stringContaining(part)]));
    }
    await system.stop();
    expect(await listCommands(pids)).toEqual([]);
  });

  test('leaves no process behind after Ctrl-C while it starts', async () => {
    const dev = startDev(['--port', '0', '--persist-to', folder]);
    await until('its first children', async () => ((await dev.tree()).length > 2 ? true : undefined));
    const pids = await dev.tree();
    await dev.interrupt();
    expect(dev.lines.join('\n')).not.toContain('Dashboard');
    expect(await listCommands(pids)).toEqual([]);
    expect(await listCommandsContaining(folder)).toEqual([]);
  });

  test('stops the processes of a killed run and keeps its data', async () => {
    const first = await startSystem({ persistTo: folder });
    const user = await first.signUp();
    const [script, ...orphans] = await first.tree();
    process.kill(script ?? 0, 'SIGKILL');
    await until('the script to be gone', async () =>
      (await listCommands([script ?? 0])).length === 0 ? true : undefined,
    );
    expect((await listCommands(orphans)).length).toBeGreaterThan(2);

    const second = await startSystem({ persistTo: folder });
    expect(await listCommands(orphans)).toEqual([]);
    expect((await second.get(user, '/api/instances')).status).toBe(200);
    await second.stop();
  });

  test('answers on localhost and 127.0.0.1 without Postgres, prints each address once, and locks its folder', async () => {
    const system = await startSystem({ persistTo: folder, mirror: false });
    for (const host of ['localhost', '127.0.0.1']) {
      expect((await fetch(`${system.origin.replace('localhost', host)}/healthz`)).status).toBe(200);
    }
    for (const name of ['Dashboard', 'Sync', 'Mirror']) {
      expect(system.lines.filter((line) => line.startsWith(name))).toHaveLength(1);
    }
    expect(system.lines.find((line) => line.startsWith('Mirror'))).toContain('off (--no-mirror)');
    expect(await listCommands(await system.tree())).not.toEqual(
      expect.arrayContaining([expect.stringContaining('postgres')]),
    );

    const second = startDev(['--port', '0', '--persist-to', folder]);
    expect(await waitForFailure(second)).toContain(`already runs on ${folder}`);
    expect((await system.get(await system.signUp(), '/api/usage')).status).toBe(200);
    await system.runCron();
    await system.stop();
  });

  test('passes on the operator token and the mirror’s schema, prints the Worker’s errors but not the token, and keeps serving while Postgres is down', async () => {
    const token = `operator-${randomUUID()}=`;
    const system = await startSystem({
      persistTo: folder,
      env: { OPERATOR_TOKEN: token, MIRROR_SCHEMA: 'books' },
    });
    const read = async (credential: string) =>
      fetch(`${system.origin}/api/admin/mirror`, { headers: { authorization: `Bearer ${credential}` } });
    expect((await read(token)).status).toBe(200);
    expect((await read(`${token}y`)).status).toBe(401);
    await expectPrivate(['wrangler.json', 'better-auth-secret', 'wrangler', 'running.json', 'running.lock']);
    await expectTrustsLocalhost(system);

    await until('the mirror to work', async () => ((await hasMirrorSucceeded(system)) ? true : undefined));
    expect(await listMirroredSources(system.postgresUrl ?? '', 'books')).toEqual(['registry']);
    const [postmaster] = await listPidsContaining(path.join(folder, 'postgres'));
    process.kill(postmaster ?? 0, 'SIGKILL');
    await until('the message about Postgres', () =>
      hasLine(system, 'postgres', 'has ended') ? true : undefined,
    );
    await system.runCron();
    await until('the message about the mirror', () =>
      hasLine(system, 'worker', 'mirror_run') ? true : undefined,
    );
    expect((await system.get(await system.signUp(), '/api/instances')).status).toBe(200);
    expect(system.lines.join('\n')).not.toContain(token);
    await system.stop();
  });

  test('refuses a --port that is in use', async () => {
    const server = createServer((_, response) => response.end('mine'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    expect(await waitForFailure(startDev(['--port', `${port}`, '--persist-to', folder]))).toContain(
      `Port ${port} is in use`,
    );
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('mine');
    server.close();
  });

  test.each([
    { args: ['--port', 'many'], message: '--port must be a whole number' },
    { args: ['--port', '65536'], message: '--port must be a whole number' },
    { args: ['--port', '-1'], message: '--port' },
    { args: ['--cron-seconds', '0'], message: '--cron-seconds must be a whole number' },
    { args: ['--persist-to', ''], message: '--persist-to needs a folder' },
    { args: ['--no-miror'], message: '--no-miror' },
    { args: ['8787'], message: '8787' },
  ])('refuses $args with a reason and starts no process', async ({ args, message }) => {
    const dev = startDev(args);
    const text = await waitForFailure(dev);
    expect(text).toContain(message);
    expect(text).not.toContain('    at ');
  });

  test('prints its options', async () => {
    const dev = startDev(['--help']);
    expect((await dev.child.ended).code).toBe(0);
    for (const option of ['--port', '--persist-to', '--no-mirror', '--cron-seconds', 'OPERATOR_TOKEN']) {
      expect(dev.lines.join('\n')).toContain(option);
    }
  });
});

/** Apps on other local ports are trusted. Other origins are refused with the variable to set. */
async function expectTrustsLocalhost({ origin }: System): Promise<void> {
  const preflight = async (from: string) =>
    fetch(`${origin}/api/auth/sign-in/email`, {
      method: 'OPTIONS',
      headers: { origin: from, 'access-control-request-method': 'POST' },
    });
  for (const from of ['http://localhost:5173', 'http://127.0.0.1:3000']) {
    expect((await preflight(from)).headers.get('access-control-allow-origin')).toBe(from);
  }
  const refused = await preflight('https://app.example');
  expect(refused.status).toBe(403);
  expect(await refused.text()).toContain('TRUSTED_ORIGINS');
}

/** Waits for a run to fail. @returns its output */
async function waitForFailure(dev: DevProcess): Promise<string> {
  expect((await dev.child.ended).code).toBe(1);
  expect(await dev.tree()).toEqual([]);
  return dev.lines.join('\n');
}

async function listCommands(pids: readonly number[]): Promise<string[]> {
  return (await runningProcesses()).filter(({ pid }) => pids.includes(pid)).map(({ command }) => command);
}

async function listCommandsContaining(text: string): Promise<string[]> {
  return (await runningProcesses()).map(({ command }) => command).filter((command) => command.includes(text));
}

async function listPidsContaining(text: string): Promise<number[]> {
  return (await runningProcesses()).filter(({ command }) => command.includes(text)).map(({ pid }) => pid);
}

async function expectPrivate(files: readonly string[]): Promise<void> {
  expect(await readdir(folder)).toEqual(expect.arrayContaining([...files]));
  for (const file of files) {
    const { mode } = await stat(path.join(folder, file));
    expect(mode & 0o077).toBe(0);
  }
}

async function listMirroredSources(url: string, schema: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ source: string }>(`select source from ${schema}.mirror_checkpoint`);
    return rows.map(({ source }) => source);
  } finally {
    await client.end();
  }
}

async function hasMirrorSucceeded(system: System): Promise<boolean> {
  await system.runCron();
  const response = await fetch(`${system.origin}/readyz`);
  return response.ok && (await response.text()).includes('lastSuccessAt');
}

function hasLine({ lines }: System, source: string, text: string): boolean {
  return lines.some((line) => line.startsWith(source) && line.includes(text));
}
