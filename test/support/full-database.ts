import { open } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';

/** The smallest, so that the file of the most pages is small enough for every file system. */
const PAGE_BYTES = 512;
/** SQLITE_MAX_PAGE_COUNT: no file may have more. */
const MAX_PAGES = 2 ** 32 - 2;
/** Where a file says how many pages it has (SQLite's manual, "Database File Format", 1.3). */
const PAGES_AT = 28;

/**
 * Makes the file of a database that no process has open as large as SQLite lets it be: 2 TB, of which nothing but what it held
 * before is on the disk. From then on each statement that needs a page more fails with SQLITE_FULL; what fits into pages that are
 * there is stored. It cannot be undone.
 */
export async function fillUp(file: string): Promise<void> {
  const database = new DatabaseSync(file);
  try {
    // The size of pages changes only outside of WAL mode, and VACUUM leaves no free ones.
    database.exec(
      `PRAGMA journal_mode = DELETE; PRAGMA page_size = ${PAGE_BYTES}; VACUUM; PRAGMA journal_mode = WAL; PRAGMA wal_checkpoint(TRUNCATE)`,
    );
  } finally {
    database.close();
  }
  const handle = await open(file, 'r+');
  try {
    const pages = Buffer.alloc(4);
    pages.writeUInt32BE(MAX_PAGES);
    await handle.write(pages, 0, pages.length, PAGES_AT);
    await handle.truncate(MAX_PAGES * PAGE_BYTES);
  } finally {
    await handle.close();
  }
}
