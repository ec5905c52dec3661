import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { liveSocket } from './live-socket.ts';
import { readDocument } from './read-content.ts';
import { TreeView } from './tree-view.ts';

/** Between two times that the tree is brought up to date, in milliseconds. */
const SHOW_EACH_MS = 200;
/** Between an edit and asking for the page's figures, and between two times of asking, in milliseconds. */
const ASK_AFTER_MS = 1_000;
const ASK_EACH_MS = 3_000;
/** How long a page may be hidden before it lets the room go, in milliseconds. */
const LEAVE_AFTER_MS = 30_000;

/** Close codes (docs/reference/websocket.md) that no waiting helps against. */
const CLOSED: Readonly<Record<number, string>> = {
  4401: 'You have been signed out.',
  4403: 'Not allowed.',
  4429: 'Cut off: too many messages.',
};
/** The room of the page is gone: absent, replaced, deleted. */
const GONE = new Set([4404, 4409, 4410]);

/**
 * Shows a room's content as it is now. Only watches: sends no edit and no awareness, is counted apart, and names the life
 * of the room that the page is of, so that it brings none into being.
 * @param onFirst once the content is there
 */
export function followRoom(section: HTMLElement, onFirst: (doc: Y.Doc) => void): void {
  const { api = '', incarnation = '' } = section.dataset;
  const nameAt = api.lastIndexOf('/');
  const doc = new Y.Doc();
  const askForPage = atMostEach(ASK_EACH_MS, ASK_AFTER_MS, () =>
    document.dispatchEvent(new CustomEvent('page-changed', { detail: 'anew' })),
  );

  const provider: WebsocketProvider = new WebsocketProvider(
    `${location.origin.replace(/^http/, 'ws')}${api.slice(0, nameAt)}`,
    api.slice(nameAt + 1),
    doc,
    {
      connect: false,
      disableBc: true,
      params: { incarnation, watch: 'true' },
      WebSocketPolyfill: liveSocket({
        onPong: () => {
          provider.wsLastMessageReceived = Date.now();
        },
        onAwareness: () => askForPage(),
      }),
    },
  );
  provider.awareness.setLocalState(null);

  const connection = section.querySelector('[data-connection]');
  const tell = (text: string) => {
    if (connection !== null && connection.textContent !== text) connection.textContent = text;
  };
  const place = section.querySelector('[data-tree]') ?? section;
  let tree: TreeView | null = null;
  let wasLive = false;
  const show = atMostEach(SHOW_EACH_MS, 0, () => {
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
    show();
    askForPage();
  });
  provider.on('sync', (isSynced: boolean) => {
    if (!isSynced) return;
    wasLive = true;
    tell('Live');
    show();
  });
  provider.on('status', ({ status }) => {
    if (status === 'connecting' && !wasLive) tell('Connecting…');
    else if (status === 'disconnected' && provider.shouldConnect) tell('Connection lost, trying again');
  });
  provider.on('closed', ({ code, reason }) => {
    // The server's page of a deleted room, or of the one that took its place, says the rest.
    if (GONE.has(code)) document.dispatchEvent(new Event('page-gone'));
    else tell(CLOSED[code] ?? `Closed by the server: ${reason}`);
  });

  let leaving: ReturnType<typeof setTimeout> | undefined;
  document.addEventListener('visibilitychange', () => {
    clearTimeout(leaving);
    if (document.hidden) {
      leaving = setTimeout(() => {
        provider.disconnect();
        tell('Paused while you are elsewhere');
      }, LEAVE_AFTER_MS);
    } else provider.connect();
  });
  provider.connect();
}

/** Does it a while after it is first asked for, and again no sooner than after a time. */
function atMostEach(eachMs: number, afterMs: number, act: () => void): () => void {
  let lastAt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    timer ??= setTimeout(
      () => {
        timer = undefined;
        lastAt = Date.now();
        act();
      },
      Math.max(afterMs, lastAt + eachMs - Date.now()),
    );
  };
}
