import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import * as Y from 'yjs';
import { z } from 'zod';
import { startChild } from '../../scripts/lib/processes.ts';
import type { User } from '../support/system.ts';
import { until } from '../support/until.ts';
import { site } from '../system/site.ts';

const Incarnation = z.object({ incarnation: z.string() });

let user: User;

beforeAll(async () => {
  user = await site.signUp();
});

/** `npm run room` with these arguments, as `user`. */
function command(...args: string[]) {
  const lines: string[] = [];
  const child = startChild({
    command: process.execPath,
    args: ['scripts/room.ts', ...args, '--origin', site.origin],
    env: { ...process.env, ROOMKEEPER_TOKEN: user.token },
    onLine: (line) => lines.push(line),
  });
  return { child, lines };
}

async function run(...args: string[]): Promise<{ code: number | null; output: string }> {
  const { child, lines } = command(...args);
  const { code } = await child.ended;
  return { code, output: lines.join('\n') };
}

/** Runs the command with `--json`. @returns the parsed output */
async function runAsJson(...args: string[]): Promise<unknown> {
  return JSON.parse((await run(...args, '--json')).output);
}

/** Writes the update of one edit to a file, without the content of `before`. */
async function writeUpdateFile(
  name: string,
  edit: (doc: Y.Doc) => void,
  before?: Uint8Array,
): Promise<string> {
  const doc = new Y.Doc({ gc: false });
  if (before !== undefined) Y.applyUpdate(doc, before);
  const had = Y.encodeStateVector(doc);
  edit(doc);
  const file = path.join(inject('siteFolder'), name);
  await writeFile(file, Y.encodeStateAsUpdate(doc, had));
  return file;
}

describe('npm run room', () => {
  test('prints the origin that does not answer, and the option --origin', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
    await new Promise((resolve) => server.close(resolve));
    for (const action of ['pull', 'watch', 'push']) {
      const lines: string[] = [];
      const child = startChild({
        command: process.execPath,
        args: ['scripts/room.ts', action, 'documents/a', '--origin', origin, '--json'],
        env: { ...process.env, ROOMKEEPER_TOKEN: user.token },
        onLine: (line) => lines.push(line),
      });
      expect((await child.ended).code).toBe(1);
      expect(lines.join('\n')).toContain(`Nothing answers at ${origin}`);
      expect(lines.join('\n')).toContain('--origin');
    }
  });

  test('pulls what was pushed, as an update and as JSON', async () => {
    const pushed = await writeUpdateFile('pushed.yjs', (doc) => {
      doc.getText('body').insert(0, 'hello');
      doc.getMap('meta').set('title', 'Übersicht');
      doc.getArray('tags').insert(0, ['a', 2]);
    });
    expect(await run('push', 'documents/a / b', '--file', pushed)).toMatchObject({ code: 0 });
    const pulled = path.join(inject('siteFolder'), 'pulled.yjs');
    expect(await run('pull', 'documents/a / b', '--file', pulled)).toEqual({
      code: 0,
      output: expect.stringMatching(/^pulled \d+ bytes of incarnation [0-9a-f]{32}$/),
    });
    const doc = new Y.Doc();
    Y.applyUpdate(doc, await readFile(pulled));
    expect(doc.getText('body').toJSON()).toBe('hello');
    expect(await runAsJson('pull', 'documents/a / b')).toEqual({
      body: 'hello',
      meta: { title: 'Übersicht' },
      tags: ['a', 2],
    });
  });

  test('prints a line for each change until it is interrupted', async () => {
    const first = await writeUpdateFile('first.yjs', (doc) => doc.getText('body').insert(0, 'hello'));
    await run('push', 'workspaces/w', '--file', first);
    const { child, lines } = command('watch', 'workspaces/w', '--json');
    await until('the watch to begin', () => lines.find((line) => line.includes('watching')));
    const edited = await writeUpdateFile(
      'deleted.yjs',
      (doc) => doc.getText('body').insert(5, ' you'),
      await readFile(first),
    );
    await run('push', 'workspaces/w', '--file', edited);
    const line = await until('the change', () => lines[1]);
    expect(JSON.parse(line)).toMatchObject({ changed: ['body'] });
    expect(await runAsJson('pull', 'workspaces/w')).toEqual({ body: 'hello you' });
    process.kill(child.pid, 'SIGINT');
    expect(await child.ended).toMatchObject({ code: 0 });
  });

  test('escapes control and bidirectional characters', async () => {
    const hostile = 'a\u202Eb\u009B2J';
    const first = await writeUpdateFile('hostile.yjs', (doc) => doc.getText('body').insert(0, hostile));
    await run('push', 'documents/hostile', '--file', first);
    const asJson = await run('pull', 'documents/hostile', '--json');
    expect(asJson.output).toContain(String.raw`"a\u202eb\u009b2J"`);
    expect(JSON.parse(asJson.output)).toEqual({ body: hostile });
    const { child, lines } = command('watch', 'documents/hostile');
    await until('the watch to begin', () => lines.find((line) => line.includes('watching')));
    const second = await writeUpdateFile('hostile root.yjs', (doc) => doc.getText(hostile).insert(0, 'x'));
    await run('push', 'documents/hostile', '--file', second);
    expect(await until('the change', () => lines[1])).toMatch(/ a\[U\+202E\]b\[U\+009B\]2J$/);
    process.kill(child.pid, 'SIGINT');
    await child.ended;
  });

  test('refuses another incarnation than the given one, and prints that of the room', async () => {
    const file = await writeUpdateFile('again.yjs', (doc) => doc.getText('body').insert(0, 'old'));
    const first = Incarnation.parse(await runAsJson('push', 'documents/again', '--file', file));
    const copy = path.join(inject('siteFolder'), 'copy.json');
    expect(await runAsJson('pull', 'documents/again', '--file', copy)).toMatchObject(first);
    for (const method of ['DELETE', 'PUT']) {
      await fetch(`${site.origin}/documents/again`, {
        method,
        headers: { authorization: `Bearer ${user.token}` },
      });
    }
    const another = await writeUpdateFile('another.yjs', (doc) => doc.getText('body').insert(0, 'new'));
    for (const action of ['pull', 'push', 'watch']) {
      const named = ['documents/again', '--incarnation', first.incarnation];
      const refused = await run(action, ...named, ...(action === 'push' ? ['--file', another] : ['--json']));
      expect([refused.code, refused.output]).toEqual([1, expect.stringMatching(/409|replaced/)]);
    }
    expect(await runAsJson('pull', 'documents/again')).toEqual({});
    expect(await runAsJson('push', 'documents/again', '--file', another)).not.toMatchObject(first);
    expect(await runAsJson('pull', 'documents/again')).toEqual({ body: 'new' });
  });

  test('prints what is wrong, and creates no room by reading', async () => {
    for (const action of ['pull', 'watch']) {
      const refused = await run(action, 'documents/none', '--json');
      expect([refused.code, refused.output]).toEqual([1, expect.stringContaining('404')]);
    }
    const garbage = path.join(inject('siteFolder'), 'garbage');
    await writeFile(garbage, 'not an update');
    expect(await run('push', 'documents/none', '--file', garbage)).toMatchObject({ code: 1 });
    expect((await site.get(user, '/documents/none')).status).toBe(404);
    expect(await run('push', 'rooms/x')).toMatchObject({
      code: 2,
      output: expect.stringContaining('no room'),
    });
    expect(await run('--help')).toMatchObject({ code: 0, output: expect.stringContaining('watch') });
  });
});
