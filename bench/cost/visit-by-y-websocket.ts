import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { type Visitor, createVisitor } from './visitor.ts';

/** @param params are read again at each connect */
export function visitByYWebsocket(
  server: string,
  room: string,
  params: Record<string, string>,
): Promise<Visitor> {
  const doc = new Y.Doc();
  const provider = new WebsocketProvider(server, room, doc, {
    params,
    // @ts-expect-error `ws` is compatible but declares more than the browser's class.
    WebSocketPolyfill: WebSocket,
    // Clients in one process must not reach each other but through the server.
    disableBc: true,
  });
  return createVisitor(provider, doc);
}
