import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { createHttpSync } from '../../src/client/http-sync.ts';

/**
 * A typical browser app on another origin: one shared text. What it connects to stands as JSON
 * in the fragment of its address.
 */
interface Target {
  /** `ws://…/documents`, or `http://…/documents` for HTTP sync. */
  readonly server: string;
  readonly room: string;
  readonly token: string;
  /** Whether the token goes as a subprotocol, not in the query. */
  readonly asSubprotocol?: boolean;
}

const target: Target = JSON.parse(decodeURIComponent(location.hash.slice(1)));
const status = document.createElement('output');
const editor = document.createElement('textarea');
document.body.append(status, editor);

const doc = new Y.Doc();
const text = doc.getText('text');
if (target.server.startsWith('ws')) overWebSocket(target);
else overHttp(target);

text.observe(() => {
  editor.value = text.toJSON();
});
editor.addEventListener('beforeinput', (event) => {
  event.preventDefault();
  if (event.data !== null) text.insert(text.length, event.data);
});

function overWebSocket({ server, room, token, asSubprotocol = false }: Target): void {
  const credential = asSubprotocol ? { protocols: ['yjs', `bearer.${token}`] } : { params: { token } };
  const provider = new WebsocketProvider(server, encodeURIComponent(room), doc, credential);
  provider.on('sync', (isSynced) => {
    status.textContent = isSynced ? 'synced' : 'not synced';
  });
  provider.on('closed', ({ code }) => {
    status.textContent = `closed ${code}`;
    // Deleted: or this tab would go on handing its content to the others (docs/reference/rooms.md, "Deletion").
    if (code === 4410) provider.destroy();
  });
}

function overHttp({ server, room, token }: Target): void {
  const sync = createHttpSync({
    url: `${server}/${encodeURIComponent(room)}`,
    doc,
    token,
    polling: { minMs: 100, maxMs: 300 },
    onOutcome: ({ kind }) => {
      status.textContent = `${kind}, incarnation ${sync.incarnation}`;
    },
  });
  sync.start();
}
