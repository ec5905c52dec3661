import { AsyncLocalStorage } from 'node:async_hooks';
import { type D1Outage, getD1Outage } from '../../lib/d1-outage.ts';

/** Better Auth turns some failures of the database into refusals or ignores them, so they are seen where they happen. */
const watching = new AsyncLocalStorage<{ outage: D1Outage | null }>();

/**
 * Does some work with accounts, and reports the first outage of D1 that it met.
 * @throws what `work` throws
 */
export async function watchDatabase<Result>(
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly outage: D1Outage | null }> {
  const seen: { outage: D1Outage | null } = { outage: null };
  const result = await watching.run(seen, work);
  return { result, outage: seen.outage };
}

const EXECUTING = new Set(['all', 'first', 'raw', 'run', 'batch', 'exec']);

/** D1 as it is; its failures are noticed by `watchDatabase`. */
export function watchedDatabase(db: D1Database): D1Database {
  const real = new WeakMap<object, D1PreparedStatement>();
  return watched(db);

  function watched<Of extends object>(of: Of): Of {
    return new Proxy(of, {
      get(target, property) {
        const member: unknown = Reflect.get(target, property);
        if (typeof member !== 'function' || typeof property !== 'string') return member;
        if (EXECUTING.has(property))
          return async (...args: unknown[]) =>
            noticing(async () => member.apply(target, args.map(unwrapped)));
        return (...args: unknown[]) => {
          const answer: unknown = member.apply(target, args);
          if (property !== 'prepare' && property !== 'bind') return answer;
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- both give a statement
          const statement = answer as D1PreparedStatement;
          const proxy = watched(statement);
          real.set(proxy, statement);
          return proxy;
        };
      },
    });
  }

  /** A batch takes real statements. */
  function unwrapped(argument: unknown): unknown {
    if (!Array.isArray(argument)) return argument;
    return argument.map((statement: object) => real.get(statement) ?? statement);
  }
}

async function noticing(execute: () => Promise<unknown>): Promise<unknown> {
  try {
    return await execute();
  } catch (error) {
    noticeOutage(error);
    throw error;
  }
}

/** For a failure of a database that is not watched: `watchDatabase` reports it too. */
export function noticeOutage(error: unknown): void {
  const seen = watching.getStore();
  if (seen !== undefined) seen.outage ??= getD1Outage(error);
}
