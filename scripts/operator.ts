import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';

const HELP = `Makes an account an operator, or a plain account again.

  npm run operator -- grant <e-mail> [options]
  npm run operator -- revoke <e-mail> [options]
  npm run operator -- list [options]

Without options it changes the deployed database, with the credentials of wrangler
("npx wrangler login", or CLOUDFLARE_API_TOKEN).

  --local            the database of "npm run dev" on this machine
  --persist-to DIR   where "npm run dev" keeps its data (default .roomkeeper); with --local
  --help             this text

The account must exist: sign up first. An operator who is signed in need not sign in again.`;

const DATABASE = 'roomkeeper';
const DEFAULT_DATA_FOLDER = '.roomkeeper';
/** Where `npm run dev` lets wrangler keep its part of the data. */
const WRANGLER_FOLDER = 'wrangler';
/** Longest address that mail can be sent to (RFC 5321, 4.5.3.1.3), and long enough for ids of an outside issuer. */
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
    return setOperator(target, action, normalized(email));
  }
  throw misuse('Say "grant" or "revoke" with one e-mail address, or "list".');
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        local: { type: 'boolean' },
        'persist-to': { type: 'string' },
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

/**
 * An account's address as it is stored: Better Auth keeps it in lower case. The ids of an outside issuer's users (with
 * a `#`) stand for their addresses and are kept as they are.
 */
function normalized(email: string): string {
  if (email.length > MAX_EMAIL_CHARACTERS) throw misuse('The e-mail address is too long.');
  if (email.includes('#')) return email;
  if (!/^[^\s@]+@[^\s@]+$/.test(email)) throw misuse(`"${email}" is no e-mail address.`);
  return email.toLowerCase();
}

async function list(target: Target): Promise<void> {
  const rows = await execute(target, `SELECT email, role FROM user WHERE ${IS_OPERATOR} ORDER BY email`);
  if (rows.length === 0) console.log('There are no operators.');
  for (const row of rows) console.log(String(row['email']));
}

/** Roles are comma-separated; `admin` is the one that counts. */
const IS_OPERATOR = `instr(',' || coalesce(role, '') || ',', ',admin,') > 0`;
const GRANTED = `CASE WHEN ${IS_OPERATOR} THEN role WHEN coalesce(role, '') = '' THEN 'admin' ELSE role || ',admin' END`;
const REVOKED = `coalesce(nullif(trim(replace(',' || coalesce(role, '') || ',', ',admin,', ','), ','), ''), 'user')`;

async function setOperator(target: Target, action: 'grant' | 'revoke', email: string): Promise<void> {
  const role = action === 'grant' ? GRANTED : REVOKED;
  // One statement, so that it meets an account that is there or none, and nothing comes between.
  const sql = `UPDATE user SET role = ${role} WHERE email = ${quoted(email)} RETURNING role`;
  const rows = await execute(target, sql);
  if (rows.length === 0)
    throw new Failure(`There is no account with the e-mail address ${email}. Sign up first.`);
  const roles = String(rows[0]?.['role']).split(',');
  if (roles.includes('admin') !== (action === 'grant')) {
    throw new Failure(`${email} has the roles ${roles.join(', ')} now. Run this again.`);
  }
  console.log(action === 'grant' ? `${email} is an operator.` : `${email} is no operator.`);
}

/** A string of SQL. SQLite knows no escapes but the doubled quote (its manual, "Literal Values"). */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Runs one statement with wrangler, and tells its rows. */
async function execute({ localFolder }: Target, sql: string): Promise<Row[]> {
  const where = localFolder === null ? ['--remote'] : ['--local', '--persist-to', localFolder];
  const output = await wrangler(['d1', 'execute', DATABASE, ...where, '--json', '--yes', '--command', sql]);
  const answers: unknown = JSON.parse(output);
  if (!Array.isArray(answers)) throw new Failure(`wrangler answered what was not expected:\n${output}`);
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
  console.error(error.message);
  process.exitCode = error.exitCode;
}
