import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { type DeployConfig, writeDatabaseId } from './deploy-config.ts';
import type { CallWrangler, Outcome } from './deploy-wrangler.ts';

/** The one secret that the Worker cannot do without (docs/reference/configuration.md). */
export const SECRET = 'BETTER_AUTH_SECRET';
const SECRET_BYTES = 32;

const LOGIN_HINT = `Run "npx wrangler login", or set CLOUDFLARE_API_TOKEN (and CLOUDFLARE_ACCOUNT_ID), and run this again.`;

/** What `wrangler whoami --json` answers (its `src/user/whoami.ts`). */
const WhoAmI = z.union([
  z.object({
    loggedIn: z.literal(true),
    email: z.string().optional(),
    authType: z.string(),
    accounts: z.array(z.object({ id: z.string(), name: z.string() })).default([]),
  }),
  z.object({ loggedIn: z.literal(false) }),
]);
/** What `wrangler d1 list --json` answers: Cloudflare's databases. */
const Databases = z.array(z.object({ uuid: z.string(), name: z.string() }));
/** What `wrangler secret list --format json` answers; values are never told. */
const Secrets = z.array(z.object({ name: z.string() }));

/** What every step of a deployment works with. */
export interface Deployment {
  readonly config: DeployConfig;
  readonly wrangler: CallWrangler;
  /** Tells the person at the terminal what a step does. */
  readonly tell: (step: string, line: string) => void;
  /** For this run alone and this user's eyes alone; its owner removes it, whatever happens. */
  readonly privateFolder: string;
}

/** Who is logged in; `null`: nobody, or Cloudflare does not say. */
export async function readLogin({ wrangler }: Deployment) {
  const outcome = await wrangler(['whoami', '--json']);
  const answer = WhoAmI.safeParse(parseJson(outcome.stdout)).data;
  return answer?.loggedIn === true ? answer : null;
}

/** @throws an `Error` for people where nobody is logged in */
export async function requireLogin({ config, wrangler, tell }: Deployment): Promise<void> {
  const outcome = await wrangler(['whoami', '--json']);
  const answer = WhoAmI.safeParse(parseJson(outcome.stdout)).data;
  if (answer?.loggedIn === true) {
    tell('login', `Cloudflare knows you${answer.email === undefined ? '' : ` as ${answer.email}`}.`);
  } else if (answer?.loggedIn === false) {
    throw new Error(`Step login failed: you are not logged in to Cloudflare. ${LOGIN_HINT}`);
  } else if (config.accountId !== undefined || (process.env['CLOUDFLARE_ACCOUNT_ID'] ?? '') !== '') {
    // A token that may deploy need not be allowed to list accounts, and so cannot tell whose it is.
    tell('login', `Cloudflare does not tell who you are; going on with the account that is set.`);
  } else {
    throw failure('login', outcome, LOGIN_HINT);
  }
}

/**
 * Finds the D1 database by its name, or makes one, and writes its id into wrangler.toml: migrations are applied by the
 * id, and before the code that needs them serves.
 * @throws an `Error` for people
 */
export async function provideDatabase({ config, wrangler, tell }: Deployment): Promise<void> {
  const { name, id } = config.database;
  if (id !== undefined) {
    tell('database', `wrangler.toml names ${id}.`);
    return;
  }
  let found = await findDatabase(wrangler, name);
  if (found === undefined) {
    tell('database', `Creating the D1 database ${name}.`);
    const created = await wrangler(['d1', 'create', name]);
    if (!created.ok) throw failure('database', created, 'Run this again when that is settled.');
    found = await findDatabase(wrangler, name);
  }
  if (found === undefined) {
    throw new Error(`Step database failed: ${name} was created and is not listed yet. Run this again.`);
  }
  await writeDatabaseId(found);
  tell('database', `${name} is ${found}. Its id stands in wrangler.toml now: commit that line.`);
}

/** @returns its id; `undefined`: the account has none of this name */
export async function findDatabase(wrangler: CallWrangler, name: string): Promise<string | undefined> {
  const listed = await wrangler(['d1', 'list', '--json']);
  const databases = Databases.safeParse(parseJson(listed.stdout)).data;
  if (!listed.ok || databases === undefined) throw failure('database', listed, LOGIN_HINT);
  return databases.find((database) => database.name === name)?.uuid;
}

/** @throws an `Error` for people */
export async function applyMigrations({ config, wrangler, tell }: Deployment): Promise<void> {
  const { name } = config.database;
  tell('migrations', `Applying d1-migrations to ${name}.`);
  const outcome = await wrangler(['d1', 'migrations', 'apply', name, '--remote'], (line) =>
    tell('migrations', line),
  );
  if (!outcome.ok) {
    const hint = `Nothing was deployed. Run this again when that is settled: a migration that was applied is not applied twice. If there is no such database, remove the line database_id from wrangler.toml.`;
    throw shownFailure('migrations', hint);
  }
}

/**
 * Whether the Worker has the secret.
 * @throws an `Error` for people where Cloudflare does not say
 */
export async function hasSecret({ wrangler }: Deployment): Promise<boolean | 'no Worker'> {
  const listed = await wrangler(['secret', 'list', '--format', 'json']);
  const secrets = Secrets.safeParse(parseJson(listed.stdout)).data;
  if (listed.ok && secrets !== undefined) return secrets.some(({ name }) => name === SECRET);
  if (isMissingWorker(listed)) return 'no Worker';
  throw failure('secret', listed, 'Nothing was deployed. Run this again when that is settled.');
}

/**
 * @returns the path of a file with a new secret where the Worker has none, for `wrangler deploy --secrets-file`: no other
 * way reaches a Worker that does not exist yet, and no command line shows it
 * @throws an `Error` for people where Cloudflare does not say: a second secret would end all sessions
 */
export async function makeMissingSecret(deployment: Deployment): Promise<string | undefined> {
  const { tell, privateFolder } = deployment;
  if ((await hasSecret(deployment)) === true) {
    tell('secret', `The Worker has its ${SECRET}.`);
    return undefined;
  }
  tell('secret', `Making the ${SECRET}.`);
  const file = path.join(privateFolder, 'secrets.json');
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  await writeFile(file, JSON.stringify({ [SECRET]: secret }), { mode: 0o600, flag: 'wx' });
  return file;
}

/** The sentence of wrangler's `src/secret/index.ts`, for Cloudflare's error codes 10007 and 10090. */
function isMissingWorker({ ok, reason }: Outcome): boolean {
  return !ok && /Worker "[^"]*"(?: \(env: [^)]*\))? not found\./.test(reason);
}

/**
 * @param secretsFile of `makeMissingSecret`
 * @returns the Worker's origin where it has one: on workers.dev, or a custom domain
 * @throws an `Error` for people
 */
export async function deployWorker(
  { wrangler, tell }: Deployment,
  secretsFile: string | undefined,
): Promise<string | undefined> {
  const args = secretsFile === undefined ? ['deploy'] : ['deploy', '--secrets-file', secretsFile];
  const outcome = await wrangler(args, (line) => tell('deploy', line));
  if (!outcome.ok) throw shownFailure('deploy', 'Run this again when that is settled.');
  const { deployed } = outcome;
  if (deployed === undefined || deployed.version_id === null) {
    throw new Error('Step deploy failed: wrangler called it off, and says why above.');
  }
  const origins = (deployed.targets ?? []).flatMap((target) => {
    if (target.startsWith('https://')) return [target];
    const domain = /^(\S+) \(custom domain/.exec(target)?.[1];
    return domain === undefined ? [] : [`https://${domain}`];
  });
  return origins[0];
}

function failure(step: string, { said }: Outcome, hint: string): Error {
  return new Error(`Step ${step} failed. wrangler says:\n${said}\n\n${hint}`);
}

/** As `failure`, where what wrangler said has been shown already. */
function shownFailure(step: string, hint: string): Error {
  return new Error(`Step ${step} failed; wrangler says why above.\n\n${hint}`);
}

/** @returns `undefined` for what is not JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Where it failed it printed its reason instead, which the caller tells.
    return undefined;
  }
}
