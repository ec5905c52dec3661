import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const data = mkdtempSync(path.join(tmpdir(), 'roomkeeper-operator-test-'));
const database = path.join(data, 'wrangler');

function run(
  command: string,
  args: readonly string[],
): { status: number | null; out: string; error: string } {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return { status, out: stdout.trim(), error: stderr.trim() };
}

function operator(...args: string[]) {
  return run(process.execPath, ['scripts/operator.ts', ...args, '--local', '--persist-to', data]);
}

function wrangler(...args: string[]): string {
  const { status, out, error } = run('wrangler', [...args, '--local', '--persist-to', database]);
  if (status !== 0) throw new Error(`wrangler ${args.join(' ')}:\n${out}\n${error}`);
  return out;
}

function roleOf(id: string): unknown {
  const sql = `SELECT role FROM user WHERE id = '${id}'`;
  return JSON.parse(wrangler('d1', 'execute', 'roomkeeper', '--json', '--command', sql));
}

beforeAll(() => {
  mkdirSync(database, { recursive: true });
  wrangler('d1', 'migrations', 'apply', 'roomkeeper');
  const users = `('ada', 'Ada', 'o''hara@example.com', NULL), ('eve', 'Eve', 'eve@example.com', 'user,admin')`;
  const sql = `INSERT INTO user (id, name, email, role) VALUES ${users}`;
  wrangler('d1', 'execute', 'roomkeeper', '--command', sql);
});

afterAll(() => rmSync(data, { recursive: true, force: true }));

describe('npm run operator', () => {
  test('makes an account an operator, and a plain account again', () => {
    expect(operator('list')).toMatchObject({ status: 0, out: 'eve@example.com' });
    expect(operator('grant', "O'Hara@Example.com")).toMatchObject({ status: 0 });
    expect(operator('list')).toMatchObject({ status: 0, out: "eve@example.com\no'hara@example.com" });
    expect(operator('revoke', 'eve@example.com')).toMatchObject({ status: 0 });
    expect(operator('revoke', "o'hara@example.com")).toMatchObject({ status: 0 });
    expect(operator('list')).toMatchObject({ status: 0, out: 'There are no operators.' });
    expect(roleOf('eve')).toMatchObject([{ results: [{ role: 'user' }] }]);
  });

  test('grants nothing to an address that nobody signed up with', () => {
    const before = operator('list').out;
    for (const email of ['nobody@example.com', "x@y'OR'1'='1", 'https://issuer.example/#nobody']) {
      const refused = operator('grant', email);
      expect(refused).toMatchObject({ status: 1, out: '' });
      expect(refused.error).toContain(`no account with the e-mail address ${email.toLowerCase()}`);
    }
    expect(operator('list').out).toBe(before);
  });

  test('tells how it is used, and where there is no database', () => {
    expect(operator('--help')).toMatchObject({ status: 0, out: expect.stringContaining('grant <e-mail>') });
    for (const args of [['grant'], ['promote', 'ada@example.com'], ['grant', 'ada'], ['list', '--all'], []]) {
      expect(operator(...args)).toMatchObject({
        status: 2,
        error: expect.stringContaining('grant <e-mail>'),
      });
    }
    const elsewhere = ['scripts/operator.ts', 'list', '--local', '--persist-to', path.join(data, 'nothing')];
    const missing = run(process.execPath, elsewhere);
    expect(missing).toMatchObject({ status: 1, error: expect.stringContaining('no local database') });
  });
});
