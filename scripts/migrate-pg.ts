import { parseArgs } from 'node:util';
import { describePostgres, migratePostgres } from './lib/migrate-postgres.ts';
import { failWithMessage } from './lib/command.ts';

const HELP = `Applies pg-migrations to the mirror's Postgres. Safe to repeat.

  npm run migrate:pg -- postgres://USER:PASSWORD@HOST:PORT/DATABASE

Without an argument the URL is taken from the environment variable DATABASE_URL, where no other user of the machine
sees it. The user must be allowed to create tables and a schema.`;

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
  await migratePostgres(url);
  console.log(`Migrated ${describePostgres(url)}.`);
}

main().catch(failWithMessage);
