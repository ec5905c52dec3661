import type { Account } from './account.ts';

type Method = (...args: unknown[]) => unknown;
/** Keys of one call: `get('a')`, `get(['a', 'b'])`, `put({ a: 1 })`. */
const keysOf = (keys: unknown): number =>
  typeof keys === 'object' && keys !== null ? Object.keys(keys).length : 1;

/** A table in which Miniflare notes an object's name whenever it wakes. Cloudflare has none. */
const MINIFLARES_OWN = '__miniflare_do_name';

/**
 * Counts the rows that an object reads and writes in its SQLite: of statements by SQLite's own count; of keys and alarms as "Durable
 * Objects pricing" says (footnotes 2 to 4): a row each. What is listed counts by what came of it, and at least one. That says nothing of
 * `getAlarm` and `deleteAlarm`, which are taken for a row read and a row written.
 */
export function watchStorage(storage: DurableObjectStorage, account: Account): void {
  const read = (rows: number) => {
    account.rowsRead += rows;
  };
  const written = (rows: number) => {
    account.rowsWritten += rows;
  };
  const listed = (found: unknown) => {
    if (found instanceof Map) read(Math.max(1, found.size));
    else if (found instanceof Promise) void found.then(listed, () => undefined);
  };

  const exec = storage.sql.exec.bind(storage.sql);
  Object.defineProperty(storage.sql, 'exec', {
    value: (...args: Parameters<SqlStorage['exec']>) => {
      const cursor = exec(...args);
      if (!args[0].includes(MINIFLARES_OWN)) account.ran(cursor);
      return cursor;
    },
  });
  for (const target of [storage, storage.kv]) {
    watch(target, 'get', ([keys]) => read(keysOf(keys)));
    watch(target, 'put', ([keys]) => written(keysOf(keys)));
    watch(target, 'delete', ([keys]) => written(keysOf(keys)));
  }
  watch(storage, 'list', (_, found) => listed(found));
  watch(storage.kv, 'list', (_, found) => {
    // An iterator that is for its caller alone.
    if (found !== undefined) throw new Error('storage.kv.list is not counted yet');
  });
  watch(storage, 'getAlarm', () => read(1));
  watch(storage, 'setAlarm', () => written(1));
  watch(storage, 'deleteAlarm', () => written(1));
}

function watch(target: object, name: string, note: (args: unknown[], result: unknown) => void): void {
  const method: Method = Reflect.get(target, name).bind(target);
  Object.defineProperty(target, name, {
    value: (...args: unknown[]) => {
      const result = method(...args);
      note(args, result);
      return result;
    },
  });
}
