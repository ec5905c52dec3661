import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { type DeployConfig, writeDatabaseId } from './deploy-config.ts';
import type { CallWrangler, Outcome } from './deploy-wrangler.ts';

/** Required by the Worker (docs/reference/configuration.md). */
export const SECRET = 'BETTER_AUTH_SECRET';
const SECRET_BYTES = 32;

const LOGIN_HINT = `Run "npx wrangler login", or set CLOUDFLARE_API_TOKEN (and CLOUDFLARE_ACCOUNT_ID), then run this command again.`;

/** `wrangler whoami --json` (its `src/user/whoami.ts`). */
const WhoAmI = z.union([
  z.object({
    loggedIn: z.literal(true),
    email: z.string().optional(),
    authType: z.string(),
    accounts: z.array(z.object({ id: z.string(), name: z.string() })).default([]),
  }),
  z.object({ loggedIn: z.literal(false) }),
]);
/** `wrangler d1 list --json` */
const Databases = z.array(z.object({ uuid: z.string(), name: z.string() }));
/** `wrangler secret list --format json`; without values. */
const Secrets = z.array(z.object({ name: z.string() }));

export interface Deployment {
  readonly config: DeployConfig;
  readonly wrangler: CallWrangler;
  /** Prints what a step does. */
  readonly report: (step: string, line: string) => void;
  /** Readable only by this user. The caller removes it. */
  readonly privateFolder: string;
}

/** `null`: not logged in, or unknown. */
export async function readLogin({ wrangler }: Deployment) {
  const outcome = await wrangler(['whoami', '--json']);
  const answer = WhoAmI.safeParse(parseJson(outcome.stdout)).data;
  return answer?.loggedIn === true ? answer : null;
}

/** @throws a readable `Error` if the user is not logged in */
export async function requireLogin({ config, wrangler, report }: Deployment): Promise<void> {
  const outcome = await wrangler(['whoami', '--json']);
  const answer = WhoAmI.safeParse(parseJson(outcome.stdout)).data;
  if (answer?.loggedIn === true) {
    report('login', `Logged in${answer.email === undefined ? '' : ` as ${answer.email}`}.`);
  } else if (answer?.loggedIn === false) {
    throw new Error(`Step login failed: you are not logged in to Cloudflare. ${LOGIN_HINT}`);
  } else if (config.accountId !== undefined || (process.env['CLOUDFLARE_ACCOUNT_ID'] ?? '') !== '') {
    // A token can be allowed to deploy, but not to list accounts.
    report('login', `The user is unknown. Continuing with the configured account.`);
  } else {
    throw failure('login', outcome, LOGIN_HINT);
  }
}

/**
 * Finds the D1 database by its name or creates it, and writes its id into wrangler.toml. Migrations need the id.
 * @throws a readable `Error`
 */
export async function ensureDatabase({ config, wrangler, report }: Deployment): Promise<void> {
  const { name, id } = config.database;
  if (id !== undefined) {
    report('database', `wrangler.toml sets ${id}.`);
    return;
  }
  let found = await findDatabase(wrangler, name);
  if (found === undefined) {
    report('database', `Creating the D1 database ${name}.`);
    const created = await wrangler(['d1', 'create', name]);
    if (!created.ok) throw failure('database', created, 'Fix this, then run this command again.');
    found = await findDatabase(wrangler, name);
  }
  if (found === undefined) {
    throw new Error(
      `Step database failed: ${name} was created, but is not listed yet. Run this command again.`,
    );
  }
  await writeDatabaseId(found);
  report('database', `${name} is ${found}. Its id was added to wrangler.toml. Commit this line.`);
}

/** @returns its id; `undefined` if it does not exist */
export async function findDatabase(wrangler: CallWrangler, name: string): Promise<string | undefined> {
  const listed = await wrangler(['d1', 'list', '--json']);
  const databases = Databases.safeParse(parseJson(listed.stdout)).data;
  if (!listed.ok || databases === undefined) throw failure('database', listed, LOGIN_HINT);
  return databases.find((database) => database.name === name)?.uuid;
}

/** @throws a readable `Error` */
export async function applyMigrations({ config, wrangler, report }: Deployment): Promise<void> {
  const { name } = config.database;
  report('migrations', `Applying d1-migrations to ${name}.`);
  const outcome = await wrangler(['d1', 'migrations', 'apply', name, '--remote'], (line) =>
    report('migrations', line),
  );
  if (!outcome.ok) {
    const hint = `Nothing was deployed. Fix this, then run this command again. Applied migrations are not applied twice. If the database does not exist, remove database_id from wrangler.toml.`;
    throw shownFailure('migrations', hint);
  }
}

/**
 * Whether the Worker has the secret.
 * @throws a readable `Error` if it is unknown
 */
export async function hasSecret({ wrangler }: Deployment): Promise<boolean | 'no Worker'> {
  const listed = await wrangler(['secret', 'list', '--format', 'json']);
  const secrets = Secrets.safeParse(parseJson(listed.stdout)).data;
  if (listed.ok && secrets !== undefined) return secrets.some(({ name }) => name === SECRET);
  if (isMissingWorker(listed)) return 'no Worker';
  throw failure('secret', listed, 'Nothing was deployed. Fix this, then run this command again.');
}

/**
 * @returns the path of a file with a new secret for `wrangler deploy --secrets-file`, which also works for a new Worker and
 * does not show the secret in process lists; `undefined` if the Worker has the secret
 * @throws a readable `Error` if that is unknown: a second secret would end all sessions
 */
export async function createMissingSecret(deployment: Deployment): Promise<string | undefined> {
  const { report, privateFolder } = deployment;
  if ((await hasSecret(deployment)) === true) {
    report('secret', `${SECRET} is set.`);
    return undefined;
  }
  report('secret', `Creating ${SECRET}.`);
  const file = path.join(privateFolder, 'secrets.json');
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  await writeFile(file, JSON.stringify({ [SECRET]: secret }), { mode: 0o600, flag: 'wx' });
  return file;
}

/** The message of wrangler's `src/secret/index.ts` for Cloudflare's error codes 10007 and 10090. */
function isMissingWorker({ ok, reason }: Outcome): boolean {
  return !ok && /Worker "[^"]*"(?: \(env: [^)]*\))? not found\./.test(reason);
}

/**
 * @param secretsFile of `createMissingSecret`
 * @returns the Worker's origin on workers.dev or a custom domain, if it has one
 * @throws a readable `Error`
 */
export async function deployWorker(
  { wrangler, report }: Deployment,
  secretsFile: string | undefined,
): Promise<string | undefined> {
  const args = secretsFile === undefined ? ['deploy'] : ['deploy', '--secrets-file', secretsFile];
  const outcome = await wrangler(args, (line) => report('deploy', line));
  if (!outcome.ok) throw shownFailure('deploy', 'Fix this, then run this command again.');
  const { deployed } = outcome;
  if (deployed === undefined || deployed.version_id === null) {
    throw new Error('Step deploy failed: wrangler cancelled it. See its messages above.');
  }
  const origins = (deployed.targets ?? []).flatMap((target) => {
    if (target.startsWith('https://')) return [target];
    const domain = /^(\S+) \(custom domain/.exec(target)?.[1];
    return domain === undefined ? [] : [`https://${domain}`];
  });
  return origins[0];
}

function failure(step: string, { output }: Outcome, hint: string): Error {
  return new Error(`Step ${step} failed. Output of wrangler:\n${output}\n\n${hint}`);
}

/** Like `failure`, if wrangler's output has been printed. */
function shownFailure(step: string, hint: string): Error {
  return new Error(`Step ${step} failed. See wrangler's messages above.\n\n${hint}`);
}

/** @returns `undefined` if the text is not JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A failed call prints an error instead, which the caller reports.
    return undefined;
  }
}
