import { beforeEach, expect, test } from 'vitest';
import guide from '../../docs/guide/mirror.md?raw';
import { ask, emptyCopy, mirror, mirroredTable } from './copy.ts';
import { addUser, emptyRegistry, room, write } from './registry.ts';

const DAY_MS = 24 * 60 * 60_000;

const usedDaysAgo = (days: number) => ({ lastAccessedAt: Date.now() - days * DAY_MS - 1_000 });

beforeEach(async () => {
  await emptyRegistry();
  await emptyCopy();
  await addUser('ada');
  await addUser('bob');
  await write([
    room('ada', 'large', { storageBytes: 9_000, ...usedDaysAgo(0) }),
    room('ada', 'small', { storageBytes: 1_000, ...usedDaysAgo(89) }),
    room('bob', 'new', { storageBytes: null, storageMeasuredAt: null, ...usedDaysAgo(90) }),
    room('bob', 'equal', { doType: 'workspace', storageBytes: 9_000, ...usedDaysAgo(400) }),
  ]);
  await mirror();
});

test('user_storage has the storage of each user', async () => {
  const columns = 'user_id, storage_bytes::int, rooms::int, workspaces::int, documents::int, unmeasured::int';
  expect(await ask(`select ${columns} from user_storage order by user_id`)).toEqual([
    { user_id: 'ada', storage_bytes: 10_000, rooms: 2, workspaces: 0, documents: 2, unmeasured: 0 },
    { user_id: 'bob', storage_bytes: 9_000, rooms: 2, workspaces: 1, documents: 1, unmeasured: 1 },
  ]);
});

test('idle_instance has the rooms that were not used for a number of days', async () => {
  expect(
    await ask('select resource_name, idle_days from idle_instance where idle_days >= 90 order by idle_days'),
  ).toEqual([
    { resource_name: 'new', idle_days: 90 },
    { resource_name: 'equal', idle_days: 400 },
  ]);
});

test('largest_instance ranks the measured rooms', async () => {
  expect(
    await ask('select rank::int, resource_name from largest_instance order by rank, resource_name'),
  ).toEqual([
    { rank: 1, resource_name: 'equal' },
    { rank: 1, resource_name: 'large' },
    { rank: 3, resource_name: 'small' },
  ]);
});

test('every column of the tables and every computed column of the views has a comment', async () => {
  const undescribed = await ask(
    `select relname, attname from pg_attribute join pg_class on pg_class.oid = attrelid
     where relnamespace = 'public'::regnamespace and relkind in ('r', 'v') and attnum > 0 and not attisdropped
       and relname <> 'roomkeeper_migrations' and col_description(attrelid, attnum) is null
       and not (relkind = 'v' and attname in (select attname from pg_attribute where attrelid = 'durable_object_instance'::regclass))`,
  );
  expect(undescribed).toEqual([]);
});

test('the queries in the guide run', async () => {
  const queries = [...guide.matchAll(/^```sql\n(select [^;]*;)\n```$/gm)].map(([, query = '']) => query);
  expect(queries.length).toBeGreaterThanOrEqual(5);
  for (const query of queries) await ask(query);
});

test('after the statement in the guide that empties the copy, the next run copies everything', async () => {
  const before = await mirroredTable();
  const [statement = 'missing in the guide'] = guide.match(/^truncate [^;]*;$/m) ?? [];
  await ask(statement);
  expect(await mirroredTable()).toEqual([]);
  await mirror();
  expect(await mirroredTable()).toEqual(before);
});
