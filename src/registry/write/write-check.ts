/**
 * The last proof that D1 is writable may be this old, in seconds. So the check writes two rows in this time at most, however many
 * ask: 2,880 a day, of the 100,000 that D1 allows on the Free plan.
 */
const PROVEN_FOR_S = 60;

/** More than a page of SQLite (4,096 bytes): an update in place would succeed in a full database. */
const FILLER_BYTES = 8_192;

const WRITE = `
INSERT INTO d1_write_check (checked_at, filler)
SELECT unixepoch(), zeroblob(${FILLER_BYTES})
WHERE NOT EXISTS (
  SELECT 1 FROM d1_write_check WHERE checked_at BETWEEN unixepoch() - ${PROVEN_FOR_S - 1} AND unixepoch()
)`;

const PRUNE = `DELETE FROM d1_write_check WHERE checked_at NOT BETWEEN unixepoch() - ${PROVEN_FOR_S - 1} AND unixepoch()`;

/** Proves that D1 can be read and takes new rows. Rejects where it cannot or does not. */
export async function checkD1Writable(db: D1Database): Promise<void> {
  await db.batch([db.prepare(WRITE), db.prepare(PRUNE)]);
}
