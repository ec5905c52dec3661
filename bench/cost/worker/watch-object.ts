import { DurableObject } from 'cloudflare:workers';
import { type Account, getAccount, scopes } from './account.ts';
import { watchStorage } from './watch-storage.ts';

/** What the platform calls by itself. That a socket has closed is not billed as a request. */
const EVENTS: readonly string[] = ['fetch', 'alarm', 'webSocketMessage', 'webSocketClose', 'webSocketError'];

interface Watched {
  readonly account: Account;
  readonly storage: DurableObjectStorage;
}

const watched = new WeakMap<object, Watched>();

/**
 * To be called before an object is constructed, and what it returns after that. From then on the object's storage is watched, on the
 * account of the last part of its name.
 */
export function watchObject(ctx: DurableObjectState): (object: object) => void {
  const account = getAccount(decodeURIComponent(ctx.id.name?.split(':').at(-1) ?? ''));
  const { storage } = ctx;
  account.lives += 1;
  const constructed = account.hold(true);
  watchStorage(storage, account);
  for (const name of ['blockConcurrencyWhile', 'waitUntil'] as const) holdWhile(ctx, name, account);
  return (object) => {
    watched.set(object, { account, storage });
    constructed();
  };
}

/** The object is awake until what is given to this method has ended. */
function holdWhile(ctx: object, name: 'blockConcurrencyWhile' | 'waitUntil', account: Account): void {
  const method: (work: unknown) => unknown = Reflect.get(ctx, name).bind(ctx);
  Object.defineProperty(ctx, name, {
    value: (work: Promise<unknown> | (() => Promise<unknown>)) => {
      const release = account.hold(false);
      const own = typeof work === 'function' ? () => scopes.run({ account, isObject: true }, work) : work;
      const result = method(own);
      const ending = result instanceof Promise ? result : work instanceof Promise ? work : Promise.resolve();
      void ending.then(release, release);
      return result;
    },
  });
}

/**
 * Counts what objects of a class are asked, and how long each takes them.
 * @param takesCalls whether its other methods are called by RPC: each counts as a request. Else they are called by itself alone
 */
export function watchEvents(objects: { readonly prototype: object }, takesCalls: boolean): void {
  const seen = new Set(['constructor']);
  for (
    let level = objects.prototype;
    level !== DurableObject.prototype && level !== Object.prototype;
    level = Object.getPrototypeOf(level)
  ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(level))) {
      if (typeof value !== 'function' || seen.has(name)) continue;
      seen.add(name);
      if (!takesCalls && !EVENTS.includes(name)) continue;
      Object.defineProperty(objects.prototype, name, { value: watchEvent(name, value) });
    }
  }
}

function watchEvent(name: string, method: (...args: unknown[]) => unknown) {
  return function (this: object, ...args: unknown[]): unknown {
    const of = watched.get(this);
    if (of === undefined) throw new Error(`${name} came before the object was there`);
    const { account, storage } = of;
    const scope = scopes.getStore();
    // By the object itself, in the midst of something that counts.
    if (scope?.isObject === true && scope.account === account) return Reflect.apply(method, this, args);
    if (name === 'webSocketMessage') account.messages += 1;
    else if (name !== 'webSocketClose' && name !== 'webSocketError') account.objectRequests += 1;
    const release = account.hold(true);
    const done = () => {
      release();
      account.storedBytes = storage.sql.databaseSize;
    };
    let result: unknown;
    try {
      result = scopes.run({ account, isObject: true }, () => Reflect.apply(method, this, args));
    } catch (error) {
      done();
      throw error;
    }
    if (result instanceof Promise) return result.finally(done);
    done();
    return result;
  };
}
