import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { userInfo } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockFolder } from '../../scripts/lib/dev-lock.ts';
import { localOrigin } from '../../scripts/lib/local-origin.ts';
import { makeDataFolder } from '../../scripts/lib/private-files.ts';
import { type ChildProcess, startChild, stopGroup } from '../../scripts/lib/processes.ts';
import { makeFolder, removeFolder } from '../support/system.ts';
import { until } from '../support/until.ts';

const CONTENDERS = 6;

let folder: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await makeFolder();
});

afterEach(async () => {
  await Promise.all(children.splice(0).map(({ pid }) => stopGroup(pid)));
  await removeFolder(folder);
});

interface Contender {
  readonly child: ChildProcess;
  readonly said: string;
}

/** Starts processes that all want the folder at once. */
async function contend(): Promise<Contender[]> {
  const started = Array.from({ length: CONTENDERS }, () => {
    const lines: string[] = [];
    const child = startChild({
      command: process.execPath,
      args: ['test/support/hold-lock.ts', folder],
      onLine: (line) => lines.push(line),
    });
    children.push(child);
    return { child, lines };
  });
  return Promise.all(
    started.map(async ({ child, lines }) => ({
      child,
      said: await until('a word', () => lines.find((line) => /^(locked|refused)/.test(line))),
    })),
  );
}

describe('the lock of a data folder', () => {
  test('is acquired by exactly one of six concurrent processes, also after its owner was killed', async () => {
    for (let round = 0; round < 4; round += 1) {
      const contenders = await contend();
      const owners = contenders.filter(({ said }) => said === 'locked');
      expect(owners).toHaveLength(1);
      const refused = contenders.filter(({ said }) => said.startsWith('refused'));
      expect(refused.every(({ said }) => said.includes(`already runs on ${folder}`))).toBe(true);
      const [owner] = owners;
      if (owner === undefined) throw new Error('no owner');
      process.kill(owner.child.pid, 'SIGKILL');
      await owner.child.ended;
    }
  });

  test('is free after its release, and records the origin of its owner', async () => {
    const first = await lockFolder(folder, () => undefined);
    await first.record({ origin: 'http://localhost:8790' });
    expect(localOrigin(folder)).toBe('http://localhost:8790');
    await first.release();
    expect(localOrigin(folder)).toBe('http://localhost:8787');
    await (await lockFolder(folder, () => undefined)).release();
  });
});

const modeOf = async (name: string) => (await stat(path.join(folder, name))).mode & 0o777;

describe('a data folder', () => {
  test('is private, also if an older version left it open; other files do not change', async () => {
    makeDataFolder(path.join(folder, 'new'));
    // Root's Postgres runs as another user, who passes through.
    expect(await modeOf('new')).toBe(userInfo().uid === 0 ? 0o711 : 0o700);
    for (const name of ['wrangler', 'theirs']) await mkdir(path.join(folder, name), { mode: 0o755 });
    for (const name of ['demo-account.json', 'notes.txt']) await writeFile(path.join(folder, name), '{}');
    for (const name of ['demo-account.json', 'notes.txt']) await chmod(path.join(folder, name), 0o644);
    makeDataFolder(folder);
    expect(await Promise.all(['wrangler', 'demo-account.json'].map(modeOf))).toEqual([0o700, 0o600]);
    expect(await Promise.all(['theirs', 'notes.txt'].map(modeOf))).toEqual([0o755, 0o644]);
  });
});
