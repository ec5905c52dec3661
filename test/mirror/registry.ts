import { env } from 'cloudflare:workers';

/** A registry row as tests write it: plain SQL, so that the mirror is tested against the schema alone. */
export interface Room {
  readonly doName: string;
  readonly userId: string;
  readonly resourceName: string;
  readonly doType: 'workspace' | 'document';
  readonly storageBytes: number | null;
  readonly createdAt: number;
  readonly lastAccessedAt: number;
  readonly storageMeasuredAt: number | null;
}

const NEXT_SEQ = `1 + max(
  coalesce((SELECT max(seq) FROM durable_object_instance), 0),
  coalesce((SELECT max(seq) FROM registry_tombstone), 0)
)`;

const COLUMNS = `do_name, do_id, decoded_user_id, decoded_name, storage_bytes, created_at, last_accessed_at,
  storage_measured_at`;

/** What a row stores of a name's part. */
const decoded = (part: string) => (encodeURIComponent(part) === part ? null : part);

/** A measured document of `userId`, or what `parts` says. */
export function room(userId: string, resourceName: string, parts: Partial<Room> = {}): Room {
  const { doType = 'document' } = parts;
  return {
    doName: `user:${encodeURIComponent(userId)}:${doType}:${encodeURIComponent(resourceName)}`,
    userId,
    resourceName,
    doType,
    storageBytes: 8_192,
    createdAt: 1_750_000_000_001,
    lastAccessedAt: 1_750_000_000_002,
    storageMeasuredAt: 1_750_000_000_003,
    ...parts,
  };
}

export async function addUser(userId: string): Promise<void> {
  await env.DB.prepare('INSERT INTO user (id, name, email) VALUES (?1, ?1, ?1) ON CONFLICT DO NOTHING')
    .bind(userId)
    .run();
}

export async function deleteUser(userId: string): Promise<void> {
  await env.DB.prepare('DELETE FROM user WHERE id = ?').bind(userId).run();
}

function writeStatement(value: Room, seq: string): D1PreparedStatement {
  return env.DB.prepare(
    `INSERT INTO durable_object_instance (${COLUMNS}, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ${seq})
     ON CONFLICT (do_name) DO UPDATE SET do_id = excluded.do_id, storage_bytes = excluded.storage_bytes,
       created_at = excluded.created_at, last_accessed_at = excluded.last_accessed_at,
       storage_measured_at = excluded.storage_measured_at, seq = excluded.seq`,
  ).bind(
    value.doName,
    `id-of-${value.resourceName}`,
    decoded(value.userId),
    decoded(value.resourceName),
    value.storageBytes,
    value.createdAt,
    value.lastAccessedAt,
    value.storageMeasuredAt,
  );
}

/** Inserts or changes rooms, each with the next number, or with `seq` where one is given. */
export async function write(rooms: readonly Room[], seq?: number): Promise<void> {
  await env.DB.batch(rooms.map((value) => writeStatement(value, seq === undefined ? NEXT_SEQ : String(seq))));
}

/** Deletes a room's row; the trigger leaves its tombstone. */
export async function remove(doName: string): Promise<void> {
  await env.DB.prepare('DELETE FROM durable_object_instance WHERE do_name = ?').bind(doName).run();
}

/** The whole registry in the order of names, every value as text so that none is rounded on the way. */
export async function registryTable(): Promise<unknown[]> {
  const { results } = await env.DB.prepare(
    `SELECT do_name, do_id, user_id, do_type, resource_name, cast(storage_bytes AS text) AS storage_bytes,
       cast(created_at AS text) AS created_at, cast(last_accessed_at AS text) AS last_accessed_at,
       cast(storage_measured_at AS text) AS storage_measured_at, cast(seq AS text) AS seq
     FROM durable_object_instance ORDER BY do_name`,
  ).all();
  return results;
}

/** What each user stored when, in the order of users and days, every value as text. */
export async function registryHistory(): Promise<unknown[]> {
  const { results } = await env.DB.prepare(
    `SELECT user_id, date(day * 86400, 'unixepoch') AS day, cast(opened_bytes AS text) AS opened_bytes,
       cast(storage_bytes AS text) AS storage_bytes, cast(changed_at AS text) AS changed_at,
       cast(byte_seconds AS text) AS byte_seconds, cast(seq AS text) AS seq
     FROM user_storage_day ORDER BY user_id, day`,
  ).all();
  return results;
}

export async function latestSeq(): Promise<number> {
  const seq = await env.DB.prepare(`SELECT ${NEXT_SEQ} - 1 AS seq`).first<number>('seq');
  return seq ?? 0;
}

/** An empty registry whose numbers begin at 1, and no memory of earlier runs. */
export async function emptyRegistry(): Promise<void> {
  await env.DB.batch([
    env.DB.prepare('DELETE FROM user'),
    ...['registry_tombstone', 'user_storage_day', 'storage_history_ended', 'mirror_status'].map((table) =>
      env.DB.prepare(`DELETE FROM ${table}`),
    ),
  ]);
}

/** Adds rows of all kinds, `count` of them, in one statement. */
export async function fill(userId: string, count: number): Promise<void> {
  await env.DB.prepare(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
     INSERT INTO durable_object_instance (${COLUMNS}, seq)
     SELECT 'user:' || ?1 || ':' || iif(i % 3, 'document', 'workspace') || ':room%20' || i, lower(hex(randomblob(32))), NULL,
       'room ' || i, iif(i % 10, 4096 * i, NULL), 1750000000000 + i,
       1750000000000 + 2 * i, iif(i % 10, 1750000000000 + 3 * i, NULL), i + ${NEXT_SEQ} - 1
     FROM n`,
  )
    .bind(userId)
    .run();
}

/** Keeps the registry as it is, as D1 Time Travel does; the function that is returned brings it back. */
export async function keepRegistry(): Promise<() => Promise<void>> {
  const tables = ['user', 'durable_object_instance', 'registry_tombstone', 'user_storage_day'];
  const kept = await env.DB.batch<Record<string, unknown>>(
    tables.map((table) =>
      env.DB.prepare(`SELECT ${table === 'durable_object_instance' ? `${COLUMNS}, seq` : '*'} FROM ${table}`),
    ),
  );
  return async () => {
    const statements = ['DELETE FROM user', 'DELETE FROM registry_tombstone'].map((sql) =>
      env.DB.prepare(sql),
    );
    for (const [index, { results }] of kept.entries()) {
      // What triggers have written of the tables before.
      if (tables[index] === 'user_storage_day')
        statements.push(env.DB.prepare('DELETE FROM user_storage_day'));
      for (const row of results) {
        const columns = Object.keys(row);
        statements.push(
          env.DB.prepare(
            `INSERT INTO ${tables[index]} (${columns.join()}) VALUES (${columns.map(() => '?').join()})`,
          ).bind(...Object.values(row)),
        );
      }
    }
    await env.DB.batch(statements);
  };
}
