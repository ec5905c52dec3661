import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { cloudflareRest } from './cloudflare-rest.ts';
import { type Deployment, findDatabase, hasSecret, parseJson, readLogin, SECRET } from './deploy-steps.ts';
import { PROJECT_ROOT } from './project.ts';

const API_ROOT = 'https://api.cloudflare.com/client/v4';
const Applied = z.array(z.object({ results: z.array(z.object({ name: z.string() })) }));

/** Says what a deployment would meet at Cloudflare and do there. It only reads. */
export async function rehearseSteps(deployment: Deployment): Promise<void> {
  const { config, tell } = deployment;
  const login = await readLogin(deployment);
  if (login === null) {
    tell(
      'login',
      'You are not logged in, so this cannot say what the account holds. Run "npx wrangler login".',
    );
    tell('database', `would find or create the D1 database ${config.database.name}.`);
    tell(
      'migrations',
      `would apply those of d1-migrations that it lacks (${(await migrationFiles()).length} in all).`,
    );
    tell('secret', `would make the ${SECRET} where the Worker has none.`);
    return;
  }
  const account = accountOf(deployment, login.accounts);
  tell('login', `Cloudflare knows you${login.email === undefined ? '' : ` as ${login.email}`}.`);
  tell('account', account === null ? severalAccounts(login.accounts) : `${account.name} (${account.id})`);
  tell('url', await urlOf(deployment, account?.id));
  await tellDatabase(deployment);
  await tellWorker(deployment);
}

interface Account {
  readonly id: string;
  readonly name: string;
}

/** The account that wrangler would use. */
function accountOf({ config }: Deployment, accounts: readonly Account[]): Account | null {
  const id = config.accountId ?? process.env['CLOUDFLARE_ACCOUNT_ID'];
  if (id !== undefined && id !== '')
    return accounts.find((account) => account.id === id) ?? { id, name: 'the account that is set' };
  const [only, ...others] = accounts;
  return only === undefined || others.length > 0 ? null : only;
}

function severalAccounts(accounts: readonly Account[]): string {
  const names = accounts.map(({ id, name }) => `${name} (${id})`).join(', ');
  return `set CLOUDFLARE_ACCOUNT_ID to one of: ${names || 'the accounts of the token, which it may not list'}`;
}

async function urlOf({ config }: Deployment, accountId: string | undefined): Promise<string> {
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
    // Each account gets one with its first Worker.
    return `${unknown} (${error instanceof Error ? error.message : String(error)})`;
  }
}

async function tellDatabase(deployment: Deployment): Promise<void> {
  const { config, tell, wrangler } = deployment;
  const { name } = config.database;
  const files = await migrationFiles();
  const found = config.database.id ?? (await findDatabase(wrangler, name));
  if (found === undefined) {
    tell('database', `no D1 database ${name} yet; would create it.`);
    tell('migrations', `would apply all ${files.length}.`);
    return;
  }
  const how = config.database.id === undefined ? 'exists, and would be used' : 'is named by wrangler.toml';
  tell('database', `${name} (${found}) ${how}.`);
  const applied = await appliedMigrations(deployment, found);
  if (typeof applied === 'string') {
    tell('migrations', `would apply those that it lacks; which is not known: ${applied}`);
    return;
  }
  const missing = files.filter((file) => !applied.includes(file));
  tell('migrations', missing.length === 0 ? 'none to apply.' : `would apply ${missing.length}:`);
  for (const file of missing) tell('migrations', `  ${file}`);
}

/** The names of those that are applied, or why that is not known. */
async function appliedMigrations(
  { config, wrangler, privateFolder }: Deployment,
  id: string,
): Promise<readonly string[] | string> {
  const { name } = config.database;
  // wrangler.toml may not have the id yet, and a rehearsal writes nothing there.
  const file = path.join(privateFolder, 'rehearsal.json');
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
  if (/no such table: d1_migrations/.test(outcome.said)) return [];
  const rows = Applied.safeParse(outcome.ok ? parseJson(outcome.stdout) : undefined).data;
  if (rows === undefined) return outcome.reason || outcome.said;
  return rows.flatMap(({ results }) => results.map((row) => row.name));
}

async function migrationFiles(): Promise<string[]> {
  const files = await readdir(path.join(PROJECT_ROOT, 'd1-migrations'));
  return files.filter((file) => file.endsWith('.sql')).toSorted();
}

async function tellWorker(deployment: Deployment): Promise<void> {
  const { config, tell } = deployment;
  const found = await hasSecret(deployment);
  if (found === 'no Worker') {
    tell('secret', `would make the ${SECRET}.`);
    tell('deploy', `no Worker ${config.workerName} yet; would create it.`);
    return;
  }
  tell('secret', found ? `the Worker has its ${SECRET}.` : `would make the ${SECRET}.`);
  tell('deploy', `a Worker ${config.workerName} EXISTS in this account; would replace its code.`);
}
