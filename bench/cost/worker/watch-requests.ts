import { getAccount, scopes, statements } from './account.ts';
import { watchD1 } from './watch-d1.ts';

/** Names the account of a request that is not for a room. */
const ACCOUNT_HEADER = 'x-account';

type Worker<Env> = Required<Pick<ExportedHandler<Env>, 'fetch'>> & Pick<ExportedHandler<Env>, 'scheduled'>;

/**
 * A Worker as it is, whose requests are counted: those for a room on the account of its name, others on the one they name. Beside it
 * answers `GET /metered` with all accounts, and `POST /metered/cron`, which has the Worker do what its cron does.
 */
export function metered<Env extends object>(worker: Worker<Env>, rooms: RegExp): ExportedHandler<Env> {
  return {
    async fetch(request, env, ctx) {
      const { pathname } = new URL(request.url);
      const database: unknown = Reflect.get(env, 'DB');
      if (isD1(database)) watchD1(database);
      if (pathname === '/metered') return Response.json(statements());
      const room = rooms.exec(pathname)?.[1];
      const account = getAccount(room ?? request.headers.get(ACCOUNT_HEADER) ?? 'others');
      account.workerRequests += 1;
      return scopes.run({ account, isObject: false }, async () => {
        if (pathname !== '/metered/cron') return worker.fetch(request, env, ctx);
        const event = { cron: '* * * * *', scheduledTime: Date.now(), noRetry: () => undefined };
        await worker.scheduled?.(event, env, ctx);
        return new Response('ok');
      });
    },
  };
}

function isD1(binding: unknown): binding is D1Database {
  return typeof binding === 'object' && binding !== null && 'withSession' in binding;
}
