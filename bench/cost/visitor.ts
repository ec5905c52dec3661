import type * as Y from 'yjs';
import { until } from '../../test/support/until.ts';

/** Someone in a room, with the client that its server's documentation gives him. */
export interface Visitor {
  type(text: string): void;
  moveCursor(): void;
  text(): string;
  /** How many he sees, himself included. */
  sees(): number;
  /** Loses his connection; settles once his client has come again by itself. */
  reconnect(): Promise<void>;
  leave(): void;
}

/** What y-websocket's provider and y-partyserver's have in common. */
interface Provider {
  readonly synced: boolean;
  readonly ws: { close(): void } | null;
  readonly awareness: {
    setLocalStateField(field: string, value: unknown): void;
    getStates(): Map<number, unknown>;
  };
  destroy(): void;
}

/** Settles once he has all that the room has. */
export async function createVisitor(provider: Provider, doc: Y.Doc): Promise<Visitor> {
  const synced = () => until('a visitor to be synced', () => (provider.synced ? true : undefined));
  await synced();
  const text = doc.getText('text');
  let cursor = 0;
  const moveCursor = () => {
    cursor += 1;
    provider.awareness.setLocalStateField('cursor', { anchor: cursor, head: cursor });
  };
  provider.awareness.setLocalStateField('user', { name: 'Ada Lovelace', color: '#30bced' });
  return {
    type: (typed) => text.insert(text.length, typed),
    moveCursor,
    text: () => text.toJSON(),
    sees: () => provider.awareness.getStates().size,
    async reconnect() {
      provider.ws?.close();
      await until('a visitor to be away', () => (provider.synced ? undefined : true));
      await synced();
    },
    leave() {
      provider.destroy();
      doc.destroy();
    },
  };
}
