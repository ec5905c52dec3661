import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { printable, printableLines } from './lib/printable.ts';

const HELP = `Makes an account an operator, or a plain account again.

  npm run operator -- grant <e-mail or user id> [options]
  npm run operator -- revoke <e-mail or user id> [options]
  npm run operator -- list [options]

Without options it changes the deployed database, with the credentials of wrangler
("npx wrangler login", or CLOUDFLARE_API_TOKEN).

  --yes              grant by e-mail without asking
  --local            the database of "npm run dev" on this machine
  --persist-to DIR   where "npm run dev" keeps its data (default .roomkeeper); with --local
  --help             this text

The account must exist: sign up first. An operator who is signed in need not sign in again.
E-mail addresses are not verified: anyone can have signed up with one. So grant by e-mail shows the account and asks;
the page "Account" shows a user's own id.`;

const DATABASE = 'roomkeeper';
const DEFAULT_DATA_FOLDER = '.roomkeeper';
/** Where `npm run dev` lets wrangler keep its part of the data. */
const WRANGLER_FOLDER = 'wrangler';
/** Longest address that mail can be sent to (RFC 5321, 4.5.3.1.3), and long enough for ids of an external issuer. */
const MAX_EMAIL_CHARACTERS = 2_048;
/** `bin` in wrangler's package.json. */
const WRANGLER_PROGRAM = 'bin/wrangler.js';
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

const EXIT_FAILED = 1;
const EXIT_MISUSED = 2;

/** What the person at the terminal did wrong, or must know. */
class Failure extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode = EXIT_FAILED) {
    super(message);
    this.exitCode = exitCode;
  }
}

interface Target {
  /** The folder of wrangler's local data; `null` for the deployed database. */
  readonly localFolder: string | null;
}

type Row = Readonly<Record<string, unknown>>;

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parse(args);
  if (values.help === true) {
    console.log(HELP);
    return;
  }
  const [action, email, ...rest] = positionals;
  if (rest.length > 0) throw misuse(`Too much was given: ${rest.join(' ')}`);
  const target = targetOf(values.local === true, values['persist-to']);
  if (action === 'list' && email === undefined) return list(target);
  if ((action === 'grant' || action === 'revoke') && email !== undefined) {
    const account = await findAccount(target, email);
    if (action === 'grant' && !isUserId(email) && values.yes !== true) await confirm(email, account);
    return setOperator(target, action, account);
  }
  throw misuse('Say "grant" or "revoke" with one e-mail address or user id, or "list".');
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        local: { type: 'boolean' },
        'persist-to': { type: 'string' },
        yes: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw misuse(error instanceof Error ? error.message : String(error));
  }
}

function targetOf(isLocal: boolean, folder: string | undefined): Target {
  if (!isLocal) {
    if (folder !== undefined) throw misuse('--persist-to goes with --local.');
    return { localFolder: null };
  }
  const localFolder = path.resolve(folder ?? DEFAULT_DATA_FOLDER, WRANGLER_FOLDER);
  if (!existsSync(localFolder)) {
    throw new Failure(`There is no local database in ${localFolder}. Start "npm run dev" once to make one.`);
  }
  return { localFolder };
}

interface Account {
  readonly id: string;
  readonly email: string;
}

/** Ids of local accounts are letters and digits; those of an external issuer's users have a "#". */
function isUserId(named: string): boolean {
  return named.includes('#') || /^[A-Za-z0-9]+$/.test(named);
}

/** Finds an account by its id or its address, and shows it. Better Auth keeps addresses in lower case. */
async function findAccount(target: Target, named: string): Promise<Account> {
  if (named.length > MAX_EMAIL_CHARACTERS) throw misuse('The e-mail address is too long.');
  const isId = isUserId(named);
  if (!isId && !/^[^\s@]+@[^\s@]+$/.test(named))
    throw misuse(`"${named}" is no e-mail address and no user id.`);
  const where = isId ? `id = ${quoted(named)}` : `email = ${quoted(named.toLowerCase())}`;
  const [row] = await execute(
    target,
    `SELECT id, email, name, email_verified, datetime(created_at / 1000, 'unixepoch') AS since FROM user WHERE ${where}`,
  );
  if (row === undefined) {
    const what = isId ? `id ${named}` : `e-mail address ${named.toLowerCase()}`;
    throw new Failure(`There is no account with the ${what}. Sign up first.`);
  }
  const verified = Number(row['email_verified']) === 1 ? 'verified' : 'not verified';
  console.log(`Account  ${printable(String(row['id']))}`);
  console.log(`Name     ${printable(String(row['name']))}`);
  console.log(`E-mail   ${printable(String(row['email']))} (${verified})`);
  console.log(`Since    ${String(row['since'])} UTC`);
  return { id: String(row['id']), email: String(row['email']) };
}

async function confirm(email: string, { id }: Account): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new Failure(
      `Anyone can have signed up as ${printable(email)}. If this is the right account, name it by its id (${id}) or pass --yes.`,
    );
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await terminal.question('Make this account an operator? [y/N] ');
    if (!/^y(es)?$/i.test(answer.trim())) throw new Failure('Nothing was changed.');
  } finally {
    terminal.close();
  }
}

async function list(target: Target): Promise<void> {
  const rows = await execute(target, `SELECT email, role FROM user WHERE ${IS_OPERATOR} ORDER BY email`);
  if (rows.length === 0) console.log('There are no operators.');
  for (const row of rows) console.log(printable(String(row['email'])));
}

/** Roles are comma-separated; `admin` is the one that counts. */
const IS_OPERATOR = `instr(',' || coalesce(role, '') || ',', ',admin,') > 0`;
const GRANTED = `CASE WHEN ${IS_OPERATOR} THEN role WHEN coalesce(role, '') = '' THEN 'admin' ELSE role || ',admin' END`;
const REVOKED = `coalesce(nullif(trim(replace(',' || coalesce(role, '') || ',', ',admin,', ','), ','), ''), 'user')`;

async function setOperator(
  target: Target,
  action: 'grant' | 'revoke',
  { id, email }: Account,
): Promise<void> {
  const role = action === 'grant' ? GRANTED : REVOKED;
  // The account that was shown: not one that took its address since.
  const where = `id = ${quoted(id)} AND email = ${quoted(email)}`;
  const rows = await execute(target, `UPDATE user SET role = ${role} WHERE ${where} RETURNING role`);
  if (rows.length === 0) throw new Failure(`The account ${id} has changed meanwhile. Run this again.`);
  const roles = String(rows[0]?.['role']).split(',');
  if (roles.includes('admin') !== (action === 'grant')) {
    throw new Failure(`${printable(email)} has the roles ${roles.join(', ')} now. Run this again.`);
  }
  console.log(`${printable(email)} is ${action === 'grant' ? 'an' : 'no'} operator.`);
}

/** A string of SQL. SQLite knows no escapes but the doubled quote (its manual, "Literal Values"). */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Runs one statement with wrangler and returns its rows. */
async function execute({ localFolder }: Target, sql: string): Promise<Row[]> {
  const where = localFolder === null ? ['--remote'] : ['--local', '--persist-to', localFolder];
  const output = await wrangler(['d1', 'execute', DATABASE, ...where, '--json', '--yes', '--command', sql]);
  const answers: unknown = JSON.parse(output);
  if (!Array.isArray(answers)) throw new Failure(`wrangler returned an unexpected response:\n${output}`);
  return answers.flatMap((answer: { results?: Row[] }) => answer.results ?? []);
}

/** @returns what wrangler printed to its standard output */
async function wrangler(args: readonly string[]): Promise<string> {
  const program = path.join(
    path.dirname(createRequire(import.meta.url).resolve('wrangler/package.json')),
    WRANGLER_PROGRAM,
  );
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [program, ...args],
      { maxBuffer: MAX_OUTPUT_BYTES },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Failure(explain(stdout, stderr)));
      },
    );
  });
}

function explain(stdout: string, stderr: string): string {
  const said = `${stdout}\n${stderr}`.trim();
  if (said.includes('no such table: user')) {
    return 'The database has no tables yet. Start "npm run dev" once (local), or run "npm run deploy" first.';
  }
  return `wrangler failed:\n${said}`;
}

function misuse(message: string): Failure {
  return new Failure(`${message}\n\n${HELP}`, EXIT_MISUSED);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.error(printableLines(error.message));
  process.exitCode = error.exitCode;
}
