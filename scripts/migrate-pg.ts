import { parseArgs } from 'node:util';
import { describePostgres, migratePostgres } from './lib/migrate-postgres.ts';
import { failWithMessage } from './lib/command.ts';

const HELP = `Applies pg-migrations to the mirror's Postgres, 14 or later. Safe to repeat.

  npm run migrate:pg -- postgres://USER:PASSWORD@HOST:PORT/DATABASE

Without an argument the URL is taken from the environment variable DATABASE_URL, where no other user of the machine
sees it. MIRROR_SCHEMA names the schema for the tables, which is made where there is none; without it they go to the
first one of the user's search_path, usually "public". The user needs the right to create tables there, and no other.`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h', default: false } },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const url = positionals[0] ?? process.env['DATABASE_URL'];
  if (url === undefined || positionals.length > 1) throw new Error(`Give one URL.\n\n${HELP}`);
  const schema = await migratePostgres(url, process.env['MIRROR_SCHEMA']);
  console.log(`Migrated the schema "${schema}" of ${describePostgres(url)}.`);
}

main().catch(failWithMessage);
