import { AsyncLocalStorage } from 'node:async_hooks';
import { type D1Outage, getD1Outage } from '../../lib/d1-outage.ts';

/** Better Auth hides some failures of D1 or reports them as refusals, so the database wrapper records them here. */
const tracking = new AsyncLocalStorage<{ outage: D1Outage | null }>();

/**
 * Runs `work` and returns its result with the first outage of D1 that it caused.
 * @throws what `work` throws
 */
export async function trackOutages<Result>(
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly outage: D1Outage | null }> {
  const seen: { outage: D1Outage | null } = { outage: null };
  const result = await tracking.run(seen, work);
  return { result, outage: seen.outage };
}

const EXECUTING = new Set(['all', 'first', 'raw', 'run', 'batch', 'exec']);

/** Wraps a database so that `trackOutages` sees its failures. */
export function wrapDatabase(db: D1Database): D1Database {
  const real = new WeakMap<object, D1PreparedStatement>();
  return wrap(db);

  function wrap<Target extends object>(wrapped: Target): Target {
    return new Proxy(wrapped, {
      get(target, property) {
        const member: unknown = Reflect.get(target, property);
        if (typeof member !== 'function' || typeof property !== 'string') return member;
        if (EXECUTING.has(property))
          return async (...args: unknown[]) =>
            recordFailure(async () => member.apply(target, args.map(unwrap)));
        return (...args: unknown[]) => {
          const returned: unknown = member.apply(target, args);
          if (property !== 'prepare' && property !== 'bind') return returned;
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- both return a statement
          const statement = returned as D1PreparedStatement;
          const proxy = wrap(statement);
          real.set(proxy, statement);
          return proxy;
        };
      },
    });
  }

  /** `batch` accepts only the original statements. */
  function unwrap(argument: unknown): unknown {
    if (!Array.isArray(argument)) return argument;
    return argument.map((statement: object) => real.get(statement) ?? statement);
  }
}

async function recordFailure(execute: () => Promise<unknown>): Promise<unknown> {
  try {
    return await execute();
  } catch (error) {
    recordOutage(error);
    throw error;
  }
}

/** Records a failure of a database that is not wrapped. */
export function recordOutage(error: unknown): void {
  const seen = tracking.getStore();
  if (seen !== undefined) seen.outage ??= getD1Outage(error);
}
