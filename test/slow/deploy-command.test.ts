import { existsSync } from 'node:fs';
import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PROJECT_ROOT } from '../../scripts/lib/project.ts';
import { type CloudflareApi, NEW_DATABASE_ID, startCloudflareApi } from '../support/cloudflare-api.ts';
import { copyProject, type ProjectCopy } from '../support/project-copy.ts';
import { until } from '../support/until.ts';

const OLD_DATABASE_ID = '99999999-8888-4777-8666-555555555555';
/** 32 random bytes in base64url. */
const SECRET = /^[\w-]{43}$/;
const compareCodeUnits = (one: string, other: string): number => (one < other ? -1 : 1);

/** The list of assets that the build writes. */
const ASSET_LIST = path.join(PROJECT_ROOT, 'dist/assets.json');
const UPLOAD = 'PUT /workers/scripts/roomkeeper';

let api: CloudflareApi;
let project: ProjectCopy;

beforeEach(async () => {
  [api, project] = await Promise.all([startCloudflareApi(), copyProject()]);
});

afterEach(async () => {
  await Promise.all([api.stop(), project.remove()]);
});

interface Result {
  readonly code: number | null;
  readonly out: string;
  /** The arguments of the calls of wrangler, without options. */
  readonly commands: readonly string[];
}

const LOGGED_IN = { CLOUDFLARE_API_TOKEN: 'a token' };

function start(args: readonly string[] = [], env: Readonly<Record<string, string>> = LOGGED_IN) {
  return project.start(['scripts/deploy.ts', ...args], { CLOUDFLARE_API_BASE_URL: api.url, ...env });
}

async function deploy(...options: Parameters<typeof start>): Promise<Result> {
  const callsBefore = (await project.calls()).length;
  const { child, lines } = start(...options);
  const { code } = await child.ended;
  const calls = (await project.calls()).slice(callsBefore);
  return { code, out: lines.join('\n'), commands: calls.map(({ args }) => getCommand(args)) };
}

function getCommand(args: readonly string[]): string {
  const options = args.findIndex((arg) => arg.startsWith('--'));
  return args.slice(0, options === -1 ? undefined : options).join(' ');
}

const wranglerToml = {
  read: () => readFile(path.join(project.folder, 'wrangler.toml'), 'utf8'),
  write: (text: string) => writeFile(path.join(project.folder, 'wrangler.toml'), text),
  append: (text: string) => appendFile(path.join(project.folder, 'wrangler.toml'), text),
};

/** Runs one statement on the local database. */
async function runLocalSql(sql: string): Promise<string> {
  const args = ['d1', 'execute', 'roomkeeper', '--local', '--persist-to', 'data', '--json', '--command', sql];
  const { child, lines } = project.start(['node_modules/wrangler/bin/wrangler.js', ...args], {});
  const { code } = await child.ended;
  if (code !== 0) throw new Error(lines.join('\n'));
  return lines.join('\n');
}

/** The secret was in one private file, which is deleted, and is only at Cloudflare now. */
async function expectOnlyAtCloudflare(secret: string, out: string): Promise<void> {
  const calls = await project.calls();
  const files = calls.flatMap(({ secretsFile }) => secretsFile ?? []);
  expect(files).toMatchObject([{ mode: 0o600, content: JSON.stringify({ BETTER_AUTH_SECRET: secret }) }]);
  expect(files.filter((file) => existsSync(file.path))).toEqual([]);
  expect(await project.leftovers()).toEqual([]);
  expect(calls.flatMap(({ args }) => args).join(' ')).not.toContain(secret);
  expect(out).not.toContain(secret);
}

describe('npm run deploy', () => {
  test('creates the database and a secret at the first deployment only, and keeps the local database', async () => {
    const before = await wranglerToml.read();
    await runLocalSql('CREATE TABLE kept (word TEXT); INSERT INTO kept VALUES (42)');
    const first = await deploy();
    expect(first).toMatchObject({
      code: 0,
      commands: [
        'whoami',
        'd1 list',
        'd1 create roomkeeper',
        'd1 list',
        'd1 migrations apply roomkeeper',
        'secret list',
        'deploy',
      ],
    });
    const migrations = [...api.account.migrations];
    const files = await readdir(path.join(PROJECT_ROOT, 'd1-migrations'));
    expect(migrations).toEqual(files.filter((file) => file.endsWith('.sql')).toSorted());
    expect(api.requests.indexOf(UPLOAD)).toBeGreaterThan(
      api.requests.lastIndexOf(`POST /d1/database/${NEW_DATABASE_ID}/query`),
    );
    expect(first.out).toContain('https://roomkeeper.ada.workers.dev/dashboard\n');
    expect(first.out).toContain('npm run operator -- grant <e-mail>');

    const after = await wranglerToml.read();
    const added = `database_name = "roomkeeper"\ndatabase_id = "${NEW_DATABASE_ID}"\n`;
    expect(after).toBe(before.replace('database_name = "roomkeeper"\n', added));
    expect(after).not.toBe(before);

    const secrets = { ...api.account.secrets };
    expect(secrets).toEqual({ BETTER_AUTH_SECRET: expect.stringMatching(SECRET) });
    await expectOnlyAtCloudflare(api.account.secrets?.['BETTER_AUTH_SECRET'] ?? '', first.out);

    const second = await deploy();
    expect(second).toMatchObject({
      code: 0,
      commands: ['whoami', 'd1 migrations apply roomkeeper', 'secret list', 'deploy'],
    });
    expect(api.requests.filter((asked) => asked === UPLOAD)).toHaveLength(2);
    expect({ ...api.account, assets: api.account.assets.toSorted(compareCodeUnits) }).toEqual({
      assets: Object.values<string>(JSON.parse(await readFile(ASSET_LIST, 'utf8'))).toSorted(
        compareCodeUnits,
      ),
      databases: [{ uuid: NEW_DATABASE_ID, name: 'roomkeeper' }],
      migrations,
      secrets,
    });
    expect(await wranglerToml.read()).toBe(after);
    expect(await runLocalSql('SELECT word FROM kept')).toContain('42');
  });

  test('a deployment uses the existing database and creates a missing secret', async () => {
    api.account.databases = [
      { uuid: NEW_DATABASE_ID, name: 'another' },
      { uuid: OLD_DATABASE_ID, name: 'roomkeeper' },
    ];
    api.account.secrets = { OPERATOR_TOKEN: 'kept' };
    const hyperdrive = '\n[[hyperdrive]]\nbinding = "HYPERDRIVE"\nid = "0123abcd"\n';
    await wranglerToml.append(hyperdrive);
    const { code, commands, out } = await deploy();
    expect(code).toBe(0);
    expect(commands).not.toContain('d1 create roomkeeper');
    expect(await wranglerToml.read()).toContain(`\ndatabase_id = "${OLD_DATABASE_ID}"\n`);
    expect(api.requests).toContain(`POST /d1/database/${OLD_DATABASE_ID}/query`);
    expect(api.account.secrets).toEqual({
      OPERATOR_TOKEN: 'kept',
      BETTER_AUTH_SECRET: expect.stringMatching(SECRET),
    });
    expect(out).toMatch(/^Mirror .*npm run migrate:pg -- .*0123abcd/m);
  });

  test('without a login, a deployment changes nothing and prints how to log in', async () => {
    const before = await wranglerToml.read();
    const { code, commands, out } = await deploy([], {});
    expect({ code, commands }).toEqual({ code: 1, commands: ['whoami'] });
    expect(out).toContain('npx wrangler login');
    expect(out).toContain('CLOUDFLARE_API_TOKEN');
    expect(api.requests).toEqual([]);
    expect(await wranglerToml.read()).toBe(before);
  });

  test('stops at the first failed step, leaves no secret on the disk, and continues with the next run', async () => {
    api.trouble = 'migration fails';
    const unmigrated = await deploy();
    expect(unmigrated.code).toBe(1);
    expect(unmigrated.out).toContain('syntax error at offset 1');
    expect(unmigrated.out).toContain('Step migrations failed');
    expect(unmigrated.commands.at(-1)).toBe('d1 migrations apply roomkeeper');
    expect(api.account.secrets).toBeNull();

    api.trouble = 'secrets cannot be listed';
    api.account.secrets = { BETTER_AUTH_SECRET: 'kept' };
    const unlisted = await deploy();
    expect(unlisted.code).toBe(1);
    expect(unlisted.out).toContain('Step secret failed');
    expect(unlisted.commands).not.toContain('deploy');
    expect(api.account.secrets).toEqual({ BETTER_AUTH_SECRET: 'kept' });
    api.account.secrets = null;

    api.trouble = 'upload fails';
    const rejected = await deploy();
    expect(rejected.code).toBe(1);
    expect(rejected.out).toContain('The Worker does not start.');
    expect(rejected.out).toContain('Step deploy failed');
    expect(await project.leftovers()).toEqual([]);

    api.trouble = 'upload never ends';
    const uploads = () => api.requests.filter((asked) => asked === UPLOAD).length;
    const uploadsBefore = uploads();
    const { child } = start();
    await until('the upload', () => (uploads() > uploadsBefore ? true : undefined));
    expect(await project.leftovers()).toHaveLength(1);
    process.kill(child.pid, 'SIGINT');
    expect(await child.ended).toEqual({ code: 130, signal: null });
    expect(await project.leftovers()).toEqual([]);
    expect(api.account.secrets).toBeNull();

    api.trouble = undefined;
    expect(await deploy()).toMatchObject({ code: 0 });
    expect(api.account).toMatchObject({
      databases: [{ uuid: NEW_DATABASE_ID }],
      secrets: { BETTER_AUTH_SECRET: expect.stringMatching(SECRET) },
    });
  });

  test('an unsupported wrangler.toml is not changed, and the message contains the missing line', async () => {
    const block = /\[\[d1_databases\]\]\n(?:.+\n)+/;
    const inline = 'd1_databases = [{ binding = "DB", database_name = "roomkeeper" }]\n';
    const before = inline + (await wranglerToml.read()).replace(block, '');
    await wranglerToml.write(before);
    const { code, out, commands } = await deploy();
    expect(code).toBe(1);
    expect(out).toContain(`Add database_id = "${NEW_DATABASE_ID}"`);
    expect(commands.at(-1)).toBe('d1 list');
    expect(await wranglerToml.read()).toBe(before);
  });

  test('a dry run compares with the account and changes nothing', async () => {
    const before = await wranglerToml.read();
    const files = (await readdir(path.join(PROJECT_ROOT, 'd1-migrations'))).filter((file) =>
      file.endsWith('.sql'),
    );
    const first = await deploy(['--dry-run']);
    expect(first.code).toBe(0);
    for (const line of [
      'Ada (0123456789abcdef0123456789abcdef)',
      'https://roomkeeper.ada.workers.dev',
      'roomkeeper does not exist. Would create it',
      `would apply all ${files.length}.`,
      'Worker roomkeeper does not exist. Would create it',
      'anyone who can reach the URL can create an account',
    ]) {
      expect(first.out).toContain(line);
    }

    const applied = files.toSorted().slice(0, -2);
    api.account.databases = [{ uuid: OLD_DATABASE_ID, name: 'roomkeeper' }];
    api.account.migrations = [...applied];
    api.account.secrets = { BETTER_AUTH_SECRET: 'kept' };
    const account = structuredClone(api.account);
    const second = await deploy(['--dry-run']);
    expect(second.code).toBe(0);
    expect(second.out).toContain(`roomkeeper (${OLD_DATABASE_ID}) exists and would be used`);
    expect(second.out).toContain('would apply 2:');
    for (const file of files) expect(second.out.includes(file)).toBe(!applied.includes(file));
    expect(second.out).toContain('Worker roomkeeper EXISTS in this account');
    expect(second.out).toContain('BETTER_AUTH_SECRET is set');
    expect(api.account).toEqual(account);
    const writes = api.requests.filter((asked) => !asked.startsWith('GET ') && !asked.endsWith('/query'));
    expect(writes).toEqual([]);
    expect(await wranglerToml.read()).toBe(before);
    expect(await project.leftovers()).toEqual([]);
  });

  test('disables the platform’s log of requests, because URLs may contain tokens', async () => {
    expect(await wranglerToml.read()).toMatch(
      /\[observability\.logs\]\nenabled = true\ninvocation_logs = false\n/,
    );
  });

  test('runs a dry run without a login, and prints its usage', async () => {
    const before = await wranglerToml.read();
    const rehearsed = await deploy(['--dry-run'], {});
    expect(rehearsed.code).toBe(0);
    expect(rehearsed.out).toMatch(/Total Upload: .* gzip/);
    expect(rehearsed.out).toContain('would find or create the D1 database roomkeeper');
    expect(await wranglerToml.read()).toBe(before);
    expect(await deploy(['--help'], {})).toMatchObject({
      code: 0,
      out: expect.stringContaining('--dry-run'),
    });
    const misused = await deploy(['--dryrun'], {});
    expect(misused).toMatchObject({ code: 2, out: expect.stringContaining('--dry-run') });
    expect(api.requests).toEqual([]);
    expect((await project.calls()).map(({ args }) => args)).toEqual([
      ['whoami', '--json'],
      ['deploy', '--dry-run'],
    ]);
  });
});
