import { piecesOf } from '../visible-text.ts';
import type { RoomRef } from './deps.ts';
import { pathsOf } from './room-paths.ts';

/** Text between single quotes in a script, where all that cannot be seen is escaped, but for the space. */
function quoted(text: string): string {
  const escaped = piecesOf(text).map(({ text, code }) =>
    code === null || text === ' ' ? text.replaceAll(/[\\']/g, '\\$&') : `\\u{${code.slice(2).toLowerCase()}}`,
  );
  return `'${escaped.join('')}'`;
}

/** What stands for the token, until the script (assets/room.ts) puts a fresh one in its place. */
const TOKEN_PLACE = 'TOKEN';

function snippet(room: RoomRef, origin: string): string {
  const folder = pathsOf(room).api.split('/')[1] ?? '';
  return `\
import * as Y from 'yjs';
import { WebsocketProvider } from 'y-websocket';

const doc = new Y.Doc();
const room = encodeURIComponent(${quoted(room.resourceName)});
new WebsocketProvider('${origin.replace(/^http/, 'ws')}/${folder}', room, doc, {
  params: { token: '${TOKEN_PLACE}' },
});`;
}

/** How a client of one's own connects to this very room. */
export function ConnectPanel({ room, origin }: { room: RoomRef; origin: string }) {
  return (
    <section class="panel" aria-labelledby="connect-heading" data-snippet={TOKEN_PLACE}>
      <h2 id="connect-heading" class="panel-head">
        Connect a client
      </h2>
      <div class="panel-body">
        <pre tabindex={0} aria-label="Program that connects to this room">
          <code data-snippet-code>{snippet(room, origin)}</code>
        </pre>
        <p class="hint">
          Put a token from <a href="/api/auth/token">/api/auth/token</a> in place of {TOKEN_PLACE}. It opens
          all your rooms for 15 minutes.
        </p>
      </div>
      <div class="panel-foot" data-snippet-copy hidden>
        <button class="quiet" type="button">
          Copy with a fresh token
        </button>
        <p class="hint" role="status" />
      </div>
    </section>
  );
}
