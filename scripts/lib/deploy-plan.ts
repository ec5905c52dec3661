import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { cloudflareRest } from './cloudflare-rest.ts';
import { type Deployment, findDatabase, hasSecret, parseJson, readLogin, SECRET } from './deploy-steps.ts';
import { PROJECT_ROOT } from './project.ts';

const API_ROOT = 'https://api.cloudflare.com/client/v4';
const Applied = z.array(z.object({ results: z.array(z.object({ name: z.string() })) }));

/** Reports what a deployment would do. Read-only. */
export async function planSteps(deployment: Deployment): Promise<void> {
  const { config, report } = deployment;
  const login = await readLogin(deployment);
  if (login === null) {
    report(
      'login',
      'You are not logged in, so the account is unknown. Run "npx wrangler login" for details.',
    );
    report('database', `would find or create the D1 database ${config.database.name}.`);
    report('migrations', `would apply missing d1-migrations (${(await migrationFiles()).length} in total).`);
    report('secret', `would create ${SECRET} if the Worker has none.`);
    return;
  }
  const account = getAccount(deployment, login.accounts);
  report('login', `Logged in${login.email === undefined ? '' : ` as ${login.email}`}.`);
  report('account', account === null ? formatAccounts(login.accounts) : `${account.name} (${account.id})`);
  report('url', await getUrl(deployment, account?.id));
  await reportDatabase(deployment);
  await reportWorker(deployment);
}

interface Account {
  readonly id: string;
  readonly name: string;
}

/** The account that wrangler uses; `null` if it is ambiguous. */
function getAccount({ config }: Deployment, accounts: readonly Account[]): Account | null {
  const id = config.accountId ?? process.env['CLOUDFLARE_ACCOUNT_ID'];
  if (id !== undefined && id !== '')
    return accounts.find((account) => account.id === id) ?? { id, name: 'the configured account' };
  const [only, ...others] = accounts;
  return only === undefined || others.length > 0 ? null : only;
}

function formatAccounts(accounts: readonly Account[]): string {
  const names = accounts.map(({ id, name }) => `${name} (${id})`).join(', ');
  return `Set CLOUDFLARE_ACCOUNT_ID to one of: ${names || 'the accounts of the token (it cannot list them)'}`;
}

async function getUrl({ config }: Deployment, accountId: string | undefined): Promise<string> {
  if (config.hasRoutes) return 'the routes of wrangler.toml';
  const token = process.env['CLOUDFLARE_API_TOKEN'] ?? '';
  const unknown = `https://${config.workerName}.<subdomain of the account>.workers.dev`;
  if (token === '' || accountId === undefined) return unknown;
  const root = (process.env['CLOUDFLARE_API_BASE_URL'] ?? API_ROOT).replace(/\/$/, '');
  try {
    const api = cloudflareRest({ root, token, onRetry: () => undefined });
    const found = await api.get(
      `/accounts/${accountId}/workers/subdomain`,
      z.object({ subdomain: z.string() }),
    );
    return `https://${config.workerName}.${found.subdomain}.workers.dev`;
  } catch (error) {
    // An account gets its subdomain with its first Worker.
    return `${unknown} (${error instanceof Error ? error.message : String(error)})`;
  }
}

async function reportDatabase(deployment: Deployment): Promise<void> {
  const { config, report, wrangler } = deployment;
  const { name } = config.database;
  const files = await migrationFiles();
  const found = config.database.id ?? (await findDatabase(wrangler, name));
  if (found === undefined) {
    report('database', `${name} does not exist. Would create it.`);
    report('migrations', `would apply all ${files.length}.`);
    return;
  }
  const how = config.database.id === undefined ? 'exists and would be used' : 'is set in wrangler.toml';
  report('database', `${name} (${found}) ${how}.`);
  const applied = await appliedMigrations(deployment, found);
  if (typeof applied === 'string') {
    report('migrations', `would apply missing migrations. Which ones is unknown: ${applied}`);
    return;
  }
  const missing = files.filter((file) => !applied.includes(file));
  report('migrations', missing.length === 0 ? 'none to apply.' : `would apply ${missing.length}:`);
  for (const file of missing) report('migrations', `  ${file}`);
}

/** Names of applied migrations, or the reason why they are unknown. */
async function appliedMigrations(
  { config, wrangler, privateFolder }: Deployment,
  id: string,
): Promise<readonly string[] | string> {
  const { name } = config.database;
  // wrangler.toml may not have the id yet, and a dry run does not change it.
  const file = path.join(privateFolder, 'dry-run.json');
  const database = { binding: 'DB', database_name: name, database_id: id };
  await writeFile(file, JSON.stringify({ name: config.workerName, d1_databases: [database] }), {
    mode: 0o600,
  });
  const sql = 'SELECT * FROM d1_migrations ORDER BY id';
  const outcome = await wrangler([
    'd1',
    'execute',
    name,
    '--remote',
    '--yes',
    '--json',
    '--config',
    file,
    '--command',
    sql,
  ]);
  if (/no such table: d1_migrations/.test(outcome.output)) return [];
  const rows = Applied.safeParse(outcome.ok ? parseJson(outcome.stdout) : undefined).data;
  if (rows === undefined) return outcome.reason || outcome.output;
  return rows.flatMap(({ results }) => results.map((row) => row.name));
}

async function migrationFiles(): Promise<string[]> {
  const files = await readdir(path.join(PROJECT_ROOT, 'd1-migrations'));
  return files.filter((file) => file.endsWith('.sql')).toSorted();
}

async function reportWorker(deployment: Deployment): Promise<void> {
  const { config, report } = deployment;
  const found = await hasSecret(deployment);
  if (found === 'no Worker') {
    report('secret', `would create ${SECRET}.`);
    report('deploy', `Worker ${config.workerName} does not exist. Would create it.`);
    return;
  }
  report('secret', found ? `${SECRET} is set.` : `would create ${SECRET}.`);
  report('deploy', `Worker ${config.workerName} EXISTS in this account. Would replace its code.`);
}
