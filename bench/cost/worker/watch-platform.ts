import { type Account, scopes } from './account.ts';

/*
 * What keeps a Durable Object from hibernating, by Cloudflare's "Lifecycle of a Durable Object": timers, and sockets of the standard
 * API. Each is on the account of the object whose code asked for it.
 */

const releases = new Map<unknown, () => void>();

/** Watches timers and sockets of all objects from now on. */
export function watchPlatform(): void {
  const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
  Object.assign(globalThis, {
    setTimeout(callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) {
      const account = objectsAccount();
      if (account === null) return setTimeout(callback, ms, ...args);
      const release = account.hold(false);
      const timer = setTimeout(() => {
        release();
        const done = account.hold(false);
        try {
          callback(...args);
        } finally {
          done();
        }
      }, ms);
      releases.set(timer, release);
      return timer;
    },
    setInterval(callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) {
      const timer = setInterval(callback, ms, ...args);
      const account = objectsAccount();
      if (account !== null) releases.set(timer, account.hold(false));
      return timer;
    },
    clearTimeout(timer: number) {
      release(timer);
      clearTimeout(timer);
    },
    clearInterval(timer: number) {
      release(timer);
      clearInterval(timer);
    },
  });
  watchStandardSockets();
}

/** One that is accepted by the standard API pins its object until it is closed, and its messages come as events. */
function watchStandardSockets(): void {
  const accept: (this: WebSocket, options?: object) => void = Reflect.get(WebSocket.prototype, 'accept');
  Object.defineProperty(WebSocket.prototype, 'accept', {
    value(this: WebSocket, options?: object) {
      const account = objectsAccount();
      if (account !== null) {
        const release = account.hold(false);
        this.addEventListener('message', () => {
          account.messages += 1;
        });
        for (const end of ['close', 'error'] as const) this.addEventListener(end, release);
      }
      accept.call(this, options);
    },
  });
}

function objectsAccount(): Account | null {
  const scope = scopes.getStore();
  return scope?.isObject === true ? scope.account : null;
}

function release(timer: unknown): void {
  releases.get(timer)?.();
  releases.delete(timer);
}
