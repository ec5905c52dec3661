import { index, integer, sqliteTable } from 'drizzle-orm/sqlite-core';

/**
 * Recent failed password attempts per account and per address (failed-passwords.ts). Stores only keyed hashes, no
 * addresses.
 */
export const failedPassword = sqliteTable(
  'failed_password',
  {
    /** 48 bits of a keyed hash of the account or address. An integer key makes a write cost one row. */
    key: integer('key').primaryKey(),
    failures: integer('failures').notNull(),
    /** Start of the window: time of the first failure, Unix milliseconds. */
    since: integer('since').notNull(),
  },
  (table) => [index('failed_password_since').on(table.since)],
);
