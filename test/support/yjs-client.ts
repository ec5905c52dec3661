import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { until } from './until.ts';

/** The message that is echoed once everything sent before it is stored (docs/reference/websocket.md). */
const SYNC_STATUS = 100;

export interface YjsClient {
  readonly doc: Y.Doc;
  readonly provider: WebsocketProvider;
  /** What the document's text named `text` holds. */
  text(): string;
  insert(position: number, text: string): void;
  /** Settles once the text is this one. */
  reads(text: string): Promise<void>;
  /** Settles once all that this client has sent is stored. */
  stored(): Promise<void>;
  leave(): void;
}

/** The provider's `params`, as an app keeps them. */
export type Token = { token: string };

/**
 * A y-websocket client as an app uses it, with the sockets of `ws`. Settles once it has all that the room has.
 * @param serverUrl `ws://…/documents` or `ws://…/workspaces`
 * @param room the resource's name
 * @param jwt or an object that the test keeps a fresh one in: it is read again at each connect
 */
export async function connectClient(
  serverUrl: string,
  room: string,
  jwt: string | Token,
): Promise<YjsClient> {
  const doc = new Y.Doc();
  const provider = new WebsocketProvider(serverUrl, encodeURIComponent(room), doc, {
    params: typeof jwt === 'string' ? { token: jwt } : jwt,
    // @ts-expect-error `ws` is compatible but declares more than the browser's class.
    WebSocketPolyfill: WebSocket,
    // Clients in one process must not reach each other but through the server.
    disableBc: true,
  });
  const text = doc.getText('text');
  await until('the client to be synced', () => (provider.synced ? true : undefined));
  return {
    doc,
    provider,
    text: () => text.toJSON(),
    insert: (position, inserted) => text.insert(position, inserted),
    reads: async (wanted) => {
      await until(`the text ${JSON.stringify(wanted)}`, () => (text.toJSON() === wanted ? true : undefined));
    },
    stored: async () =>
      new Promise((resolve) => {
        provider.messageHandlers[SYNC_STATUS] = () => resolve();
        provider.ws?.send(new Uint8Array([SYNC_STATUS]));
      }),
    leave() {
      provider.destroy();
      doc.destroy();
    },
  };
}
