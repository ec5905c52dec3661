import * as Y from 'yjs';
import type { System, User } from '../../test/support/system.ts';
import type { Promised, WatchedRoom } from './promises.ts';
import { createClient } from './socket-room.ts';

/** How many promises of each kind a room has broken, and what else is wrong with it. */
export interface Broken {
  readonly lost: Readonly<Record<keyof Promised, number>>;
  readonly flaws: readonly string[];
}

/**
 * Reconnects to a room over a WebSocket and over HTTP, and checks all promises: an update that is there changes
 * nothing when it is applied once more. Then writes into it, because a room that only reads is broken, too.
 */
export async function checkPromises(system: System, user: User, room: WatchedRoom): Promise<Broken> {
  const flaws: string[] = [];
  const read = await readOverHttp(system, user, room.path);
  const client = await createClient(system, room.path, await system.mintJwt(user));
  const joined = Y.encodeStateAsUpdate(client.doc);
  if (typeof read === 'string') flaws.push(read);
  else if (contentOf(read) !== contentOf(joined)) flaws.push('HTTP and WebSocket differ');
  client.insert(0, 'still alive');
  await client.stored();
  client.leave();
  return { lost: countLost(joined, room.promised), flaws };
}

/** As `checkPromises`, over HTTP alone and without writing: for rooms that have been through it before. */
export async function recheckPromises(system: System, user: User, room: WatchedRoom): Promise<Broken> {
  const read = await readOverHttp(system, user, room.path);
  return typeof read === 'string'
    ? { lost: { seen: 0, answered: 0, acknowledged: 0 }, flaws: [read] }
    : { lost: countLost(read, room.promised), flaws: [] };
}

async function readOverHttp(system: System, user: User, path: string): Promise<Uint8Array | string> {
  const response = await system.get(user, path);
  if (response.status !== 200) return `reading is answered with ${response.status}`;
  return new Uint8Array(await response.arrayBuffer());
}

function countLost(state: Uint8Array, promised: Promised): Broken['lost'] {
  return {
    seen: countMissing(state, promised.seen),
    answered: countMissing(state, promised.answered),
    acknowledged: countMissing(state, promised.acknowledged),
  };
}

/** What was lost once is put in while it is looked for, so that each update counts once, however often it was promised. */
function countMissing(state: Uint8Array, updates: readonly Uint8Array[]): number {
  let missing = 0;
  let doc = docOf(state);
  for (const update of updates) {
    if (isThere(doc, update)) continue;
    missing += 1;
    // What now waits for others would make all that follow look lost.
    if (isWaiting(doc)) doc = docOf(state);
  }
  return missing;
}

/** An update that must wait for what is missing changes nothing either. */
function isThere(doc: Y.Doc, update: Uint8Array): boolean {
  let changed = false;
  const note = () => {
    changed = true;
  };
  doc.on('update', note);
  Y.applyUpdate(doc, update);
  doc.off('update', note);
  return !changed && !isWaiting(doc);
}

const isWaiting = ({ store }: Y.Doc): boolean => store.pendingStructs !== null || store.pendingDs !== null;

function docOf(state: Uint8Array): Y.Doc {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, state);
  return doc;
}

function contentOf(state: Uint8Array): string {
  const doc = docOf(state);
  return JSON.stringify([
    doc.getText('text').toJSON(),
    doc.getText('large').toJSON(),
    doc.getArray('posted').toJSON(),
  ]);
}
