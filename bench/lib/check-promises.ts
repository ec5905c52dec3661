import * as Y from 'yjs';
import type { System, User } from '../../test/support/system.ts';
import { clientOf, type WatchedRoom } from './watched-room.ts';

/** How many promises a room has broken, and what else is wrong with it. */
export interface Broken {
  readonly lost: number;
  readonly flaws: readonly string[];
}

/**
 * Opens a room anew, over a WebSocket and over HTTP, and looks for all that was promised: an update that is there changes
 * nothing when it is applied once more. Then writes into it, because a room that only reads is broken, too.
 */
export async function checkPromises(system: System, user: User, room: WatchedRoom): Promise<Broken> {
  const flaws: string[] = [];
  const client = await clientOf(system, room.path, await system.mintJwt(user));
  const joined = Y.encodeStateAsUpdate(client.doc);
  const read = await readOverHttp(system, user, room.path);
  if (typeof read === 'string') flaws.push(read);
  else if (contentOf(read) !== contentOf(joined)) flaws.push('HTTP and WebSocket differ');
  client.insert(0, 'still alive');
  await client.stored();
  client.leave();
  return { lost: countLost(joined, room), flaws };
}

/** As `checkPromises`, over HTTP alone and without writing: for rooms that have been through it before. */
export async function recheckPromises(system: System, user: User, room: WatchedRoom): Promise<Broken> {
  const read = await readOverHttp(system, user, room.path);
  return typeof read === 'string' ? { lost: 0, flaws: [read] } : { lost: countLost(read, room), flaws: [] };
}

async function readOverHttp(system: System, user: User, path: string): Promise<Uint8Array | string> {
  const response = await system.get(user, path);
  if (response.status !== 200) return `reading is answered with ${response.status}`;
  return new Uint8Array(await response.arrayBuffer());
}

function countLost(state: Uint8Array, { promised }: WatchedRoom): number {
  let doc = docOf(state);
  let lost = 0;
  for (const update of [...promised.seen, ...promised.answered, ...promised.acknowledged]) {
    if (isThere(doc, update)) continue;
    lost += 1;
    // It has just been put in: start again, or what depends on it would look as if it had been there.
    doc = docOf(state);
  }
  return lost;
}

/** An update that must wait for what is missing changes nothing either; it shows among what is pending. */
function isThere(doc: Y.Doc, update: Uint8Array): boolean {
  let changed = false;
  const note = () => {
    changed = true;
  };
  doc.on('update', note);
  Y.applyUpdate(doc, update);
  doc.off('update', note);
  return !changed && doc.store.pendingStructs === null && doc.store.pendingDs === null;
}

function docOf(state: Uint8Array): Y.Doc {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, state);
  return doc;
}

function contentOf(state: Uint8Array): string {
  const doc = docOf(state);
  return JSON.stringify([doc.getText('text').toJSON(), doc.getArray('posted').toJSON()]);
}
