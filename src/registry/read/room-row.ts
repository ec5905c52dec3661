import { LATEST_SEQ } from '../next-seq.ts';

/** The part of a room's row that the room's page shows. Times are Unix milliseconds. */
export interface RoomRow {
  readonly storageBytes: number | null;
  readonly lastAccessedAt: number;
}

/** Reads a room's row, or `null`, and the latest change number. */
export async function getRoomRow(
  session: D1DatabaseSession,
  doName: string,
): Promise<{ readonly row: RoomRow | null; readonly seq: number }> {
  const [rows, latest] = await session.batch<Record<string, unknown>>([
    session
      .prepare(
        `SELECT storage_bytes AS storageBytes, last_accessed_at AS lastAccessedAt
         FROM durable_object_instance WHERE do_name = ?`,
      )
      .bind(doName),
    session.prepare(LATEST_SEQ),
  ]);
  const row = rows?.results[0];
  return {
    row:
      row === undefined
        ? null
        : {
            storageBytes: row['storageBytes'] === null ? null : Number(row['storageBytes']),
            lastAccessedAt: Number(row['lastAccessedAt']),
          },
    seq: Number(latest?.results[0]?.['latestSeq'] ?? 0),
  };
}
