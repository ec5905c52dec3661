import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inRegistry } from '../support/local-databases.ts';
import { removeFolder } from '../support/system.ts';
import { migratedFolder } from '../system/site.ts';

let data: string;

function run(args: readonly string[]): { status: number | null; out: string; error: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status, out: stdout.trim(), error: stderr.trim() };
}

function operator(...args: string[]) {
  return run(['scripts/operator.ts', ...args, '--local', '--persist-to', data]);
}

const roles = async () => inRegistry(data, 'SELECT id, role FROM user ORDER BY id');

beforeAll(async () => {
  data = await migratedFolder();
  const users = `('ada', 'Ada', 'o''hara@example.com', NULL), ('eve', 'Eve', 'eve@example.com', 'user,admin'),
      ('mal', 'Ada, honest' || char(27), 'mallory@example.com', NULL)`;
  await inRegistry(data, `INSERT INTO user (id, name, email, role) VALUES ${users}`);
});

afterAll(() => removeFolder(data));

describe('npm run operator', () => {
  test('makes an account an operator, and a plain account again', async () => {
    expect(operator('list')).toMatchObject({ status: 0, out: 'eve@example.com' });
    expect(operator('grant', "O'Hara@Example.com", '--yes')).toMatchObject({ status: 0 });
    expect(operator('list')).toMatchObject({ status: 0, out: "eve@example.com\no'hara@example.com" });
    expect(operator('revoke', 'eve@example.com')).toMatchObject({ status: 0 });
    expect(operator('revoke', "o'hara@example.com")).toMatchObject({ status: 0 });
    expect(operator('list')).toMatchObject({ status: 0, out: 'There are no operators.' });
    expect(await roles()).toEqual([
      { id: 'ada', role: 'user' },
      { id: 'eve', role: 'user' },
      { id: 'mal', role: null },
    ]);
  });

  test('shows the account of an e-mail address, which is not verified, and grants only with --yes or by the id', async () => {
    const asked = operator('grant', 'mallory@example.com');
    expect(asked).toMatchObject({ status: 1, out: expect.stringContaining('Account  mal') });
    expect(asked.out).toContain('Name     Ada, honest[U+001B]');
    expect(asked.out).toContain('mallory@example.com (not verified)');
    expect(asked.error).toContain('mal');
    expect(asked.error).toContain('--yes');
    expect(await roles()).not.toContainEqual({ id: 'mal', role: 'admin' });
    expect(operator('grant', 'mal')).toMatchObject({
      status: 0,
      out: expect.stringContaining('is an operator'),
    });
    expect(await roles()).toContainEqual({ id: 'mal', role: 'admin' });
    expect(operator('revoke', 'mal')).toMatchObject({ status: 0 });
  });

  test('prints invisible and confusable characters of names and addresses as code points', async () => {
    const address = 'pаypal\u202E@example.com';
    await inRegistry(
      data,
      `INSERT INTO user (id, name, email, role) VALUES ('odd', 'x\u009B31m\u2066', '${address}', 'admin')`,
    );
    const shown = 'p[U+0430]ypal[U+202E]@example.com';
    expect(operator('list').out).toContain(shown);
    const asked = operator('grant', address);
    expect(asked.out).toContain('Name     x[U+009B]31m[U+2066]');
    expect(asked.error).toContain(shown);
    expect(operator('revoke', 'odd').out).toContain(`${shown} is no operator.`);
    expect(asked.out + asked.error).not.toMatch(/[\u0080-\u009F\p{Bidi_Control}]/u);
  });

  test.each(['unknown@example.com', "x@y'OR'1'='1", 'https://issuer.example/#unknown', 'unknown'])(
    'refuses %s, which is not an account',
    async (email) => {
      const before = await roles();
      const refused = operator('grant', email);
      expect(refused).toMatchObject({ status: 1, out: '' });
      expect(refused.error).toContain('There is no account with the');
      expect(refused.error).toContain(email.includes('@') ? email.toLowerCase() : email);
      expect(await roles()).toEqual(before);
    },
  );

  test('prints its usage, and the folder without a database', () => {
    expect(operator('--help')).toMatchObject({ status: 0, out: expect.stringContaining('grant <e-mail') });
    for (const args of [
      ['grant'],
      ['promote', 'ada@example.com'],
      ['grant', 'a da'],
      ['list', '--all'],
      [],
    ]) {
      expect(operator(...args)).toMatchObject({
        status: 2,
        error: expect.stringContaining('grant <e-mail'),
      });
    }
    const elsewhere = ['scripts/operator.ts', 'list', '--local', '--persist-to', path.join(data, 'nothing')];
    const missing = run(elsewhere);
    expect(missing).toMatchObject({ status: 1, error: expect.stringContaining('no local database') });
  });
});
