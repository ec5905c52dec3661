import { getCanonicalPath } from '../../domain/room-paths.ts';
import type { SignedInUser } from '../http/current-user.ts';
import type { RoomRef } from '../room/deps.ts';
import { splitName } from './visible-text.ts';

/** The account and the room of a sample program. */
export interface Connection {
  /** The deployment: `https://host` */
  readonly origin: string;
  readonly user: Pick<SignedInUser, 'id' | 'email'>;
  readonly room: RoomRef;
}

/** The user replaces it. */
const PASSWORD = 'PASSWORD';

/** A single-quoted string literal. Invisible characters other than the space are escaped. */
function quote(text: string): string {
  const escaped = splitName(text).map(({ text, code }) =>
    code === null || text === ' ' ? text.replaceAll(/[\\']/g, '\\$&') : `\\u{${code.slice(2).toLowerCase()}}`,
  );
  return `'${escaped.join('')}'`;
}

/** A program that stays connected while its session is valid: an ES module for browsers and Node 22. */
export function createConnectProgram({ origin, user, room }: Connection): string {
  const path = getCanonicalPath({ ...room, userId: user.id });
  const rooms = origin.replace(/^http/, 'ws') + path.slice(0, path.lastIndexOf('/'));
  return `\
import * as Y from 'yjs';
import { WebsocketProvider } from 'y-websocket';

const origin = '${origin}';
const account = { email: ${quote(user.email)}, password: '${PASSWORD}' };
const signIn = await fetch(\`\${origin}/api/auth/sign-in/email\`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(account),
});
if (!signIn.ok) throw new Error(\`Sign-in failed with status \${signIn.status}\`);
const session = await signIn.json();

const doc = new Y.Doc();
const room = encodeURIComponent(${quote(room.resourceName)});
const provider = new WebsocketProvider('${rooms}', room, doc, { connect: false });
// Tabs exchange edits over this channel. The user id in its name separates accounts.
provider.bcChannel = \`\${session.user.id} \${provider.bcChannel}\`;

// A token is valid for 15 minutes. y-websocket reads it at each connect.
let timer;
async function renew() {
  const headers = { authorization: \`Bearer \${session.token}\` };
  const response = await fetch(\`\${origin}/api/auth/token\`, { headers }).catch(() => undefined);
  if (response?.status === 401) return provider.destroy(); // signed out
  if (response?.ok) {
    provider.params.token = (await response.json()).token;
    provider.connect();
  }
  renewIn(response?.ok ? 10 * 60_000 : 5_000);
}
function renewIn(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(renew, milliseconds);
}
provider.on('closed', ({ code, reason }) => {
  if (code === 4401) {
    // The token expired, for example during sleep, or the user signed out.
    provider.disconnect();
    renewIn(2_500);
  } else {
    clearTimeout(timer);
    provider.destroy();
    console.error(\`The server closed the connection: \${reason} (\${code})\`);
  }
});
await renew();
`;
}

/** Shell commands that create and read a room over HTTP. */
export function createConnectCommands({ origin, user, room }: Connection): string {
  const account = JSON.stringify({ email: user.email, password: PASSWORD }).replaceAll("'", "'\\''");
  const url = `${origin}${getCanonicalPath({ ...room, userId: user.id })}`;
  return `\
# The session token is "token" in the response
curl -H 'content-type: application/json' -d '${account}' ${origin}/api/auth/sign-in/email
TOKEN=…

# Create the room, then read its state as one Yjs update
curl -X PUT -H "Authorization: Bearer $TOKEN" '${url}'
curl -H "Authorization: Bearer $TOKEN" -o state.bin '${url}'
`;
}
