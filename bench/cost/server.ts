import { z } from 'zod';
import { siteAt, type User } from '../../test/support/system.ts';
import { type Accounts, accountsAt } from './accounts.ts';
import type { Usage } from './usage.ts';
import type { Visitor } from './visitor.ts';

/** Where a server runs whose usage is counted in workerd (`worker/`), in what can be sent to another process. */
export type Target =
  | { readonly kind: 'Roomkeeper'; readonly origin: string; readonly user: User; readonly other: User }
  | { readonly kind: 'y-partyserver'; readonly origin: string; readonly party: string };

export interface MeteredServer {
  visit(room: string): Promise<Visitor>;
  /** Where a WebSocket to a room is opened. */
  url(room: string): string;
  /** What has been written until now to an account: a room's, by its name, or that of a request. */
  statement(account: string): Promise<Statement>;
  /** What it does beside sync; `null` for nothing. */
  readonly accounts: Accounts | null;
}

const Statement = z.object({
  workerRequests: z.number(),
  objectRequests: z.number(),
  messages: z.number(),
  awakeSeconds: z.number(),
  slowAwakeSeconds: z.number(),
  rowsRead: z.number(),
  rowsWritten: z.number(),
  d1RowsRead: z.number(),
  d1RowsWritten: z.number(),
  /** Number of instances of the object that were created. */
  lives: z.number(),
  storedBytes: z.number(),
}) satisfies z.ZodType<Usage>;

export type Statement = z.infer<typeof Statement>;

/** Each server's clients are loaded where they are needed: they bring a Yjs of their own. */
export async function serverAt(target: Target): Promise<MeteredServer> {
  const { origin } = target;
  const wsOrigin = origin.replace(/^http/, 'ws');
  if (target.kind === 'Roomkeeper') {
    const { visitByYWebsocket } = await import('./visit-by-y-websocket.ts');
    const { user } = target;
    const documents = `${wsOrigin}/documents`;
    return {
      visit: async (room) =>
        visitByYWebsocket(documents, room, { token: await siteAt(origin).mintJwt(user) }),
      url: (room) => `${documents}/${room}?token=${user.jwt}`,
      statement: (account) => statementOf(origin, account),
      accounts: accountsAt(origin, target.other),
    };
  }
  const { visitByYProvider } = await import('./visit-by-y-provider.ts');
  const { party } = target;
  const { host } = new URL(origin);
  return {
    // One Worker serves both; the names of the rooms differ.
    visit: (room) => visitByYProvider(host, party, `${party}-${room}`),
    url: (room) => `${wsOrigin}/parties/${party}/${party}-${room}`,
    statement: (account) => statementOf(origin, `${party}-${account}`),
    accounts: null,
  };
}

async function statementOf(origin: string, account: string): Promise<Statement> {
  const response = await fetch(`${origin}/metered`);
  const found = z.record(z.string(), Statement).parse(await response.json())[account];
  if (found === undefined) throw new Error(`nothing was written to the account of ${account}`);
  return found;
}
