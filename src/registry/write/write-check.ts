/**
 * A successful check is valid for this time, in seconds. This limits the check to 2,880 rows written per day, of the 100,000
 * of D1's Free plan.
 */
const VALID_FOR_S = 60;

/** More than a page of SQLite (4,096 bytes), because an update in place succeeds even in a full database. */
const FILLER_BYTES = 8_192;

const WRITE = `
INSERT INTO d1_write_check (checked_at, filler)
SELECT unixepoch(), zeroblob(${FILLER_BYTES})
WHERE NOT EXISTS (
  SELECT 1 FROM d1_write_check WHERE checked_at BETWEEN unixepoch() - ${VALID_FOR_S - 1} AND unixepoch()
)`;

const PRUNE = `DELETE FROM d1_write_check WHERE checked_at NOT BETWEEN unixepoch() - ${VALID_FOR_S - 1} AND unixepoch()`;

/** Checks that D1 can be read and accepts new rows. Rejects if not. */
export async function checkD1Writable(db: D1Database): Promise<void> {
  await db.batch([db.prepare(WRITE), db.prepare(PRUNE)]);
}
