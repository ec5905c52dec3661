import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inRegistry } from '../support/local-databases.ts';
import { removeFolder } from '../support/system.ts';
import { migratedFolder } from './site.ts';

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
  const users = `('ada', 'Ada', 'o''hara@example.com', NULL), ('eve', 'Eve', 'eve@example.com', 'user,admin')`;
  await inRegistry(data, `INSERT INTO user (id, name, email, role) VALUES ${users}`);
});

afterAll(() => removeFolder(data));

describe('npm run operator', () => {
  test('makes an account an operator, and a plain account again', async () => {
    expect(operator('list')).toMatchObject({ status: 0, out: 'eve@example.com' });
    expect(operator('grant', "O'Hara@Example.com")).toMatchObject({ status: 0 });
    expect(operator('list')).toMatchObject({ status: 0, out: "eve@example.com\no'hara@example.com" });
    expect(operator('revoke', 'eve@example.com')).toMatchObject({ status: 0 });
    expect(operator('revoke', "o'hara@example.com")).toMatchObject({ status: 0 });
    expect(operator('list')).toMatchObject({ status: 0, out: 'There are no operators.' });
    expect(await roles()).toEqual([
      { id: 'ada', role: 'user' },
      { id: 'eve', role: 'user' },
    ]);
  });

  test.each(['nobody@example.com', "x@y'OR'1'='1", 'https://issuer.example/#nobody'])(
    'grants nothing to %s, with which nobody signed up',
    async (email) => {
      const before = await roles();
      const refused = operator('grant', email);
      expect(refused).toMatchObject({ status: 1, out: '' });
      expect(refused.error).toContain(`no account with the e-mail address ${email.toLowerCase()}`);
      expect(await roles()).toEqual(before);
    },
  );

  test('tells how it is used, and where there is no database', () => {
    expect(operator('--help')).toMatchObject({ status: 0, out: expect.stringContaining('grant <e-mail>') });
    for (const args of [['grant'], ['promote', 'ada@example.com'], ['grant', 'ada'], ['list', '--all'], []]) {
      expect(operator(...args)).toMatchObject({
        status: 2,
        error: expect.stringContaining('grant <e-mail>'),
      });
    }
    const elsewhere = ['scripts/operator.ts', 'list', '--local', '--persist-to', path.join(data, 'nothing')];
    const missing = run(elsewhere);
    expect(missing).toMatchObject({ status: 1, error: expect.stringContaining('no local database') });
  });
});
