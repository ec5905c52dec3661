import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { createPingingWebSocket } from './pinging-websocket.ts';
import { readDocument } from './read-content.ts';
import { TreeView } from './tree-view.ts';

const RENDER_INTERVAL_MS = 200;
/** The page's figures are polled this time after an edit, and not more often than each interval. */
const POLL_DELAY_MS = 1_000;
const POLL_INTERVAL_MS = 3_000;
/** A hidden page disconnects after this time. */
const DISCONNECT_AFTER_MS = 30_000;

/** Close codes after which the page does not reconnect (docs/reference/websocket.md). */
const CLOSED: Readonly<Record<number, string>> = {
  4401: 'You have been signed out.',
  4403: 'You do not have access to this room.',
  4429: 'Disconnected: too many messages.',
};
/** The incarnation does not exist: absent, replaced, deleted. */
const GONE = new Set([4404, 4409, 4410]);

/**
 * Shows the live content of a room as an observer: no edits, no awareness. It names the page's incarnation, so that it never
 * creates a room.
 * @param onFirst called when the content has loaded
 */
export function followRoom(section: HTMLElement, onFirst: (doc: Y.Doc) => void): void {
  const { api = '', incarnation = '' } = section.dataset;
  const nameAt = api.lastIndexOf('/');
  const doc = new Y.Doc();
  const pollPage = throttle(POLL_INTERVAL_MS, POLL_DELAY_MS, () =>
    document.dispatchEvent(new CustomEvent('page-changed', { detail: 'unconditional' })),
  );

  const provider: WebsocketProvider = new WebsocketProvider(
    `${location.origin.replace(/^http/, 'ws')}${api.slice(0, nameAt)}`,
    api.slice(nameAt + 1),
    doc,
    {
      connect: false,
      disableBc: true,
      params: { incarnation, watch: 'true' },
      WebSocketPolyfill: createPingingWebSocket({
        onPong: () => {
          provider.wsLastMessageReceived = Date.now();
        },
        onAwareness: () => pollPage(),
      }),
    },
  );
  provider.awareness.setLocalState(null);

  const connection = section.querySelector('[data-connection]');
  const showStatus = (text: string) => {
    if (connection !== null && connection.textContent !== text) connection.textContent = text;
  };
  const place = section.querySelector('[data-tree]') ?? section;
  let tree: TreeView | null = null;
  let wasLive = false;
  const render = throttle(RENDER_INTERVAL_MS, 0, () => {
    if (tree === null) {
      place.replaceChildren();
      tree = new TreeView(place);
      onFirst(doc);
    }
    tree.update(readDocument(doc));
    place.classList.toggle('is-empty', doc.share.size === 0);
  });
  doc.on('update', () => {
    if (!provider.synced) return;
    render();
    pollPage();
  });
  provider.on('sync', (isSynced: boolean) => {
    if (!isSynced) return;
    wasLive = true;
    showStatus('Live');
    render();
  });
  provider.on('status', ({ status }) => {
    if (status === 'connecting' && !wasLive) showStatus('Connecting…');
    else if (status === 'disconnected' && provider.shouldConnect) showStatus('Connection lost, reconnecting');
  });
  provider.on('closed', ({ code, reason }) => {
    // The reloaded page explains what happened to the room.
    if (GONE.has(code)) document.dispatchEvent(new Event('page-gone'));
    else showStatus(CLOSED[code] ?? `Closed by the server: ${reason}`);
  });

  let disconnectTimer: ReturnType<typeof setTimeout> | undefined;
  document.addEventListener('visibilitychange', () => {
    clearTimeout(disconnectTimer);
    if (document.hidden) {
      disconnectTimer = setTimeout(() => {
        provider.disconnect();
        showStatus('Paused while the page is hidden');
      }, DISCONNECT_AFTER_MS);
    } else provider.connect();
  });
  provider.connect();
}

/** Calls `act` `delayMs` after a request, and at most once per interval. */
function throttle(intervalMs: number, delayMs: number, act: () => void): () => void {
  let lastAt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    timer ??= setTimeout(
      () => {
        timer = undefined;
        lastAt = Date.now();
        act();
      },
      Math.max(delayMs, lastAt + intervalMs - Date.now()),
    );
  };
}
