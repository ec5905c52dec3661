import { index, integer, sqliteTable } from 'drizzle-orm/sqlite-core';

/**
 * How often a wrong password was given lately, for an account or from an address; written by failures alone
 * (failed-passwords.ts). It holds no address and no e-mail address.
 */
export const failedPassword = sqliteTable(
  'failed_password',
  {
    /** 48 bits of a keyed hash of what is counted: an integer, so that a row is one row to write. */
    key: integer('key').primaryKey(),
    failures: integer('failures').notNull(),
    /** When the first of them was, Unix milliseconds. They count for a while from then on, and then not at all. */
    since: integer('since').notNull(),
  },
  (table) => [index('failed_password_since').on(table.since)],
);
