import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { WebSocket } from 'ws';
import type * as Y from 'yjs';
import { PEERS } from '../sync/install-peers.ts';
import { type Visitor, createVisitor } from './visitor.ts';

type YProvider = new (
  host: string,
  room: string,
  doc: Y.Doc,
  options: { party: string; WebSocketPolyfill: typeof WebSocket; disableBc: boolean },
) => Parameters<typeof createVisitor>[0];

/**
 * By y-partyserver's own provider. It does not renew its awareness, as y-websocket's does.
 * @param host with its port
 */
export async function visitByYProvider(host: string, party: string, room: string): Promise<Visitor> {
  // The Yjs that it uses: there must not be two in one document.
  const yjs: typeof Y = await import(inPeers('yjs/dist/yjs.mjs'));
  const provider: { default: YProvider } = await import(inPeers('y-partyserver/dist/provider/index.js'));
  const doc = new yjs.Doc();
  const options = { party, WebSocketPolyfill: WebSocket, disableBc: true };
  return createVisitor(new provider.default(host, room, doc, options), doc);
}

const inPeers = (file: string): string => pathToFileURL(path.join(PEERS, 'node_modules', file)).href;
