import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';

/**
 * A browser app as somebody might write it, on an origin of its own: one text, shared by y-websocket. What it connects
 * to stands as JSON in the fragment of its address.
 */
interface Target {
  readonly server: string;
  readonly room: string;
  readonly token: string;
  /** Whether the token goes as a subprotocol, not in the query. */
  readonly asSubprotocol: boolean;
}

const target: Target = JSON.parse(decodeURIComponent(location.hash.slice(1)));
const status = document.createElement('output');
const editor = document.createElement('textarea');
document.body.append(status, editor);

const doc = new Y.Doc();
const text = doc.getText('text');
const credential = target.asSubprotocol
  ? { protocols: ['yjs', `bearer.${target.token}`] }
  : { params: { token: target.token } };
const provider = new WebsocketProvider(target.server, encodeURIComponent(target.room), doc, credential);

provider.on('sync', (isSynced) => {
  status.textContent = isSynced ? 'synced' : 'not synced';
});
provider.on('connection-close', (event) => {
  status.textContent = `closed ${event?.code}`;
});
text.observe(() => {
  editor.value = text.toJSON();
});
editor.addEventListener('beforeinput', (event) => {
  event.preventDefault();
  if (event.data !== null) text.insert(text.length, event.data);
});
