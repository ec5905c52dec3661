import { getCanonicalPath } from '../../domain/room-paths.ts';
import type { SignedInUser } from '../http/current-user.ts';
import type { RoomRef } from '../room/deps.ts';
import { piecesOf } from './visible-text.ts';

/** What a program of the user's connects to. */
export interface Connection {
  /** Of this deployment: `https://host` */
  readonly origin: string;
  readonly user: Pick<SignedInUser, 'id' | 'email'>;
  readonly room: RoomRef;
}

/** What stands for the password in a program, until its reader puts it there. */
const PASSWORD = 'PASSWORD';

/** Text between single quotes in a script, where all that cannot be seen is escaped, but for the space. */
function quoted(text: string): string {
  const escaped = piecesOf(text).map(({ text, code }) =>
    code === null || text === ' ' ? text.replaceAll(/[\\']/g, '\\$&') : `\\u{${code.slice(2).toLowerCase()}}`,
  );
  return `'${escaped.join('')}'`;
}

/**
 * A program that joins a room and stays for as long as its session lives: an ES module for browsers and for Node 22. A test
 * runs it (test/system/snippets.test.ts).
 */
export function connectProgram({ origin, user, room }: Connection): string {
  const path = getCanonicalPath({ ...room, userId: user.id });
  const rooms = origin.replace(/^http/, 'ws') + path.slice(0, path.lastIndexOf('/'));
  return `\
import * as Y from 'yjs';
import { WebsocketProvider } from 'y-websocket';

const origin = '${origin}';
const account = { email: ${quoted(user.email)}, password: '${PASSWORD}' };
const signIn = await fetch(\`\${origin}/api/auth/sign-in/email\`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(account),
});
if (!signIn.ok) throw new Error(\`Sign-in failed with status \${signIn.status}\`);
const session = await signIn.json();

const doc = new Y.Doc();
const room = encodeURIComponent(${quoted(room.resourceName)});
const provider = new WebsocketProvider('${rooms}', room, doc, { connect: false });
// Tabs exchange edits over this channel: named by the user too, it keeps accounts apart.
provider.bcChannel = \`\${session.user.id} \${provider.bcChannel}\`;

// A token lives for 15 minutes. y-websocket reads it at each connect.
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
    // The token was too old, as after sleep, or the user signed out.
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

/** The same over HTTP, once: commands for a shell. */
export function connectCommands({ origin, user, room }: Connection): string {
  const account = JSON.stringify({ email: user.email, password: PASSWORD }).replaceAll("'", "'\\''");
  const url = `${origin}${getCanonicalPath({ ...room, userId: user.id })}`;
  return `\
# The session's token is "token" of the answer
curl -H 'content-type: application/json' -d '${account}' ${origin}/api/auth/sign-in/email
TOKEN=…

# Create the room, then read its state as one Yjs update
curl -X PUT -H "Authorization: Bearer $TOKEN" '${url}'
curl -H "Authorization: Bearer $TOKEN" -o state.bin '${url}'
`;
}
