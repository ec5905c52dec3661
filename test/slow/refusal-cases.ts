import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { ClientStart } from '../clients/messages.ts';
import type { RunningClient } from '../support/client-version.ts';
import { shortLivedToken } from '../support/short-lived-token.ts';
import type { Site, User } from '../support/system.ts';
import { until } from '../support/until.ts';

/** Low enough for a test, but not reached by the clients of the other cases. */
const LIMITS = {
  ROOM_MAX_BYTES: 400_000,
  ROOM_MAX_SOCKETS: 10,
  ROOM_MAX_MESSAGES_PER_SECOND: 10,
  USER_MAX_ROOMS: 2,
  USER_MAX_ROOMS_PER_HOUR: 3,
};
export const LIMIT_VARIABLES = Object.fromEntries(
  Object.entries(LIMITS).map(([name, value]) => [name, String(value)]),
);

/** In seconds: long enough for all clients to connect on a busy machine. */
const SHORT_LIFETIME_S = 15;
/** In seconds. Each token of a client has a lifetime of its own, so that all differ. */
const LONG_LIFETIME_S = 900;
const MANY_TOKENS = 500;
/** More than the allowed burst of ten seconds. */
const FRAMES_TOO_MANY = 11 * LIMITS.ROOM_MAX_MESSAGES_PER_SECOND;
const TYPE_INTERVAL_MS = 1_000;

/** The running system, and the folder of its data. */
interface SiteWithFolder extends Site {
  readonly folder: string;
}

export interface Refused {
  readonly serverUrl: string;
  readonly room: string;
  readonly options: Partial<ClientStart>;
  /** Causes the refusal of accepted clients. Without it, upgrades are refused. */
  readonly provoke?: (clients: readonly RunningClient[]) => Promise<void>;
}

/** A reason for refusals, with its close codes. */
export interface Refusal {
  readonly what: string;
  readonly code: number;
  /** The code of later upgrades. */
  readonly later: number;
  readonly prepare: (site: SiteWithFolder) => Promise<Refused>;
}

/** Clients that were closed because of their messages are delayed without a check. */
const DELAYED = 1013;

/** Refusals of upgrades, or of the first messages. */
export const IMMEDIATE: readonly Refusal[] = [
  {
    what: 'a malformed token',
    code: 4401,
    later: 4401,
    prepare: async (site) => createRefused(site, { params: { token: 'none' } }),
  },
  {
    what: 'a token of another issuer that has expired',
    code: 4401,
    later: 4401,
    prepare: async (site) => {
      const token = await new SignJWT({})
        .setProtectedHeader({ alg: 'HS256' })
        .setExpirationTime('-1s')
        .sign(new Uint8Array(32));
      return createRefused(site, { params: { token } });
    },
  },
  {
    what: 'a session that has ended',
    code: 4401,
    later: 4401,
    prepare: async (site) => {
      const user = await site.signUp();
      await call(site, user, 'POST', '/api/auth/sign-out', {});
      return createRefused(site, { params: { token: user.jwt } });
    },
  },
  {
    what: 'a room of another user',
    code: 4403,
    later: 4403,
    prepare: async (site) => {
      const user = await site.signUp();
      return {
        ...createRefused(site, { params: { token: user.jwt } }),
        serverUrl: `${site.wsOrigin}/users/${randomUUID()}/documents`,
      };
    },
  },
  {
    what: 'a name over its limit',
    code: 4400,
    later: 4400,
    prepare: async (site) => {
      const user = await site.signUp();
      return createRefused(site, { params: { token: user.jwt } }, 'x'.repeat(257));
    },
  },
  {
    what: 'a text frame of the app',
    code: 4400,
    later: DELAYED,
    prepare: async (site) => {
      const user = await site.signUp();
      return createRefused(site, { params: { token: user.jwt }, greeting: 'hello' });
    },
  },
  {
    what: 'an incarnation of an absent room',
    code: 4404,
    later: 4404,
    prepare: async (site) => {
      const user = await site.signUp();
      const incarnation = await put(site, user, randomUUID());
      return createRefused(site, { params: { token: user.jwt, incarnation } });
    },
  },
  {
    what: 'a room that was replaced by another incarnation',
    code: 4409,
    later: 4409,
    prepare: async (site) => {
      const [user, room] = [await site.signUp(), randomUUID()];
      const incarnation = await put(site, user, room);
      await call(site, user, 'DELETE', `/documents/${room}`);
      await put(site, user, room);
      return createRefused(site, { params: { token: user.jwt, incarnation } }, room);
    },
  },
  {
    what: 'a room that was deleted',
    code: 4410,
    later: 4410,
    prepare: async (site) => {
      const [user, room] = [await site.signUp(), randomUUID()];
      await put(site, user, room);
      await call(site, user, 'DELETE', `/documents/${room}`);
      return createRefused(site, { params: { token: user.jwt } }, room);
    },
  },
  {
    what: 'a room without space for the edit',
    code: 4413,
    later: DELAYED,
    prepare: async (site) => {
      const user = await site.signUp();
      return createRefused(site, { params: { token: user.jwt }, text: 'x'.repeat(LIMITS.ROOM_MAX_BYTES) });
    },
  },
  {
    what: 'a room without space for the edit, with a new token each time',
    code: 4413,
    later: DELAYED,
    prepare: async (site) => {
      const user = await site.signUp();
      const lifetimes = Array.from({ length: MANY_TOKENS }, (_, index) => LONG_LIFETIME_S - index);
      const tokens = await Promise.all(
        lifetimes.map((lifetime) => shortLivedToken(site.folder, user, lifetime)),
      );
      const text = 'x'.repeat(LIMITS.ROOM_MAX_BYTES);
      return createRefused(site, { params: { token: user.jwt }, tokens, text });
    },
  },
  {
    what: 'a user at the limit of rooms',
    code: 4429,
    later: 4429,
    prepare: async (site) => {
      const user = await site.signUp();
      for (let room = 0; room < LIMITS.USER_MAX_ROOMS; room++) await put(site, user, randomUUID());
      return createRefused(site, { params: { token: user.jwt } });
    },
  },
  {
    what: 'a user at the limit of creations per hour',
    code: 4429,
    later: 4429,
    prepare: async (site) => {
      const user = await site.signUp();
      for (let time = 0; time < LIMITS.USER_MAX_ROOMS_PER_HOUR; time++) {
        const room = randomUUID();
        await put(site, user, room);
        await call(site, user, 'DELETE', `/documents/${room}`);
      }
      return createRefused(site, { params: { token: user.jwt } });
    },
  },
  {
    what: 'a room at its limit of sockets',
    code: 1013,
    later: 1013,
    prepare: async (site) => {
      const [user, room] = [await site.signUp(), randomUUID()];
      for (let count = 0; count < LIMITS.ROOM_MAX_SOCKETS; count++) {
        const socket = new WebSocket(`${site.wsOrigin}/documents/${room}?token=${user.jwt}`);
        await new Promise((resolve, reject) => {
          socket.addEventListener('open', resolve);
          socket.addEventListener('error', reject);
        });
      }
      return createRefused(site, { params: { token: user.jwt } }, room);
    },
  },
];

/** Refusals of connected clients that are synced. */
export const LATER: readonly Refusal[] = [
  {
    what: 'content from before the room was deleted',
    code: 4409,
    later: DELAYED,
    prepare: async (site) => {
      const [user, room] = [await site.signUp(), randomUUID()];
      return {
        ...createRefused(site, { params: { token: user.jwt }, text: 'former' }, room),
        provoke: async (clients) => {
          await until('the content of all to be stored', async () => {
            const stored = await (await site.get(user, `/documents/${room}`)).text();
            return stored.split('former').length > clients.length ? true : undefined;
          });
          for (const client of clients) client.send({ do: 'disconnect' });
          await until('all to be disconnected', () =>
            clients.every(({ upgrades }) => upgrades.at(-1)?.closed) ? true : undefined,
          );
          await call(site, user, 'DELETE', `/documents/${room}`);
          await put(site, user, room);
          for (const client of clients) client.send({ do: 'connect' });
        },
      };
    },
  },
  {
    what: 'more frames than a socket may send',
    code: 4429,
    later: DELAYED,
    prepare: async (site) => {
      const user = await site.signUp();
      return {
        ...createRefused(site, { params: { token: user.jwt } }),
        provoke: async (clients) => {
          for (const client of clients)
            client.send({ do: 'type', text: 'x', times: FRAMES_TOO_MANY, eachMs: TYPE_INTERVAL_MS });
        },
      };
    },
  },
  {
    what: 'a credential that expires and is not renewed',
    code: 4511,
    later: 4401,
    prepare: async (site) => {
      const user = await site.signUp();
      const token = await shortLivedToken(site.folder, user, SHORT_LIFETIME_S);
      return createRefused(site, { params: { token } });
    },
  },
];

function createRefused(
  { wsOrigin }: Site,
  options: Partial<ClientStart>,
  room: string = randomUUID(),
): Refused {
  return { serverUrl: `${wsOrigin}/documents`, room, options };
}

/** @returns the incarnation */
async function put(site: Site, user: User, room: string): Promise<string> {
  const answer: { incarnation: string } = await (await call(site, user, 'PUT', `/documents/${room}`)).json();
  return answer.incarnation;
}

async function call(
  site: Site,
  user: User,
  method: string,
  route: string,
  body?: unknown,
): Promise<Response> {
  const response = await fetch(`${site.origin}${route}`, {
    method,
    headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${route}: ${response.status} ${await response.text()}`);
  return response;
}
