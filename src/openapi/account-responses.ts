import * as z from 'zod';
import { count, cursor, time } from './common-responses.ts';

const erasureMembers = {
  id: z.string(),
  state: z.enum(['requested', 'running', 'finished']),
  requestedAt: time,
  finishedAt: time.nullable(),
  roomsFound: count,
  roomsErased: count,
};
export const ErasureProgress = z
  .strictObject(erasureMembers)
  .meta({ description: 'Progress of an erasure.' });
export const Erasing = z.looseObject({
  erasure: ErasureProgress.nullable().meta({ description: 'null if the erasure has finished.' }),
});
const trailMembers = {
  ...erasureMembers,
  userId: z.string().nullable(),
  requestedBy: z.string().nullable(),
  lastHeardAt: time.nullable(),
  sockets: count,
  failures: count,
};
export const Erasure = z.strictObject(trailMembers).meta({ description: 'An erasure, for operators.' });
export const ErasurePage = z.strictObject({ erasures: z.array(Erasure), nextCursor: cursor });
export const ErasureTrail = z.strictObject({
  ...trailMembers,
  steps: z.array(z.looseObject({ number: z.int(), at: time, what: z.string() })),
});

export const Me = z
  .strictObject({
    userId: z.string().meta({ description: 'Encode it with encodeURIComponent in paths of rooms.' }),
    kind: z.enum(['account', 'external']).meta({ description: 'external: a user of the external issuer.' }),
    name: z.string().meta({ description: 'The display name.' }),
    role: z.enum(['user', 'admin']).meta({ description: 'admin: an operator.' }),
  })
  .meta({ description: 'The caller.' });

const User = z.looseObject({ id: z.string(), name: z.string(), email: z.string() });

export const SignedIn = z.looseObject({
  token: z.string().meta({ description: 'The session token, a bearer token.' }),
  user: User,
});
export const Session = z
  .looseObject({ session: z.looseObject({ id: z.string() }), user: User })
  .nullable()
  .meta({ description: 'null without a session.' });
export const SignedOut = z.looseObject({ success: z.boolean() });
export const Token = z.strictObject({
  token: z.string().meta({ description: 'A JWT that expires after 15 minutes.' }),
});
export const KeySet = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string() })) });
