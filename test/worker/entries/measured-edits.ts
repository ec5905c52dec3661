import * as decoding from 'lib0/decoding';
import * as Y from 'yjs';
import type { Bindings } from '../../../src/domain/env.ts';
import worker, { AccountEraser, DocumentRoom as Documents, WorkspaceRoom } from '../../../src/index.ts';
import type { CheckedUpdate } from '../../../src/yjs/read-update.ts';
import { readContentBytes } from '../../../src/yjs/structs/write-content.ts';
import { readFrame, writeUpdate } from '../../../src/rooms/sync/protocol.ts';

/**
 * The Worker as it is, whose rooms also time what bench/room/relaying.ts asks for: what their code does with an edit, beside applying
 * it to a `Y.Doc`. Never to be deployed.
 */
export { AccountEraser, WorkspaceRoom };

/** In turns, so that what the machine does meanwhile falls on both. */
const EDITS_A_TURN = 500;

export default {
  ...worker,
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (!pathname.startsWith('/measured/')) return worker.fetch(request, env, ctx);
    const body = new Uint8Array(await request.arrayBuffer());
    return Response.json(await env.DOCUMENT_ROOM.getByName(pathname).timeEdits(body));
  },
} satisfies ExportedHandler<
  Omit<Bindings, 'DOCUMENT_ROOM'> & { DOCUMENT_ROOM: DurableObjectNamespace<DocumentRoom> }
>;

export class DocumentRoom extends Documents {
  timeEdits(body: Uint8Array): Times {
    const frames = framesIn(body);
    this.create();
    const doc = new Y.Doc({ gc: false });
    const times = { relayedMs: 0, storedMs: 0, appliedMs: 0 };
    for (let from = 0; from < frames.length; from += EDITS_A_TURN) {
      const turn = frames.slice(from, from + EDITS_A_TURN);
      const updates: CheckedUpdate[] = [];
      times.relayedMs += timed(() => {
        for (const frame of turn) updates.push(relay(frame));
      });
      times.storedMs += timed(() => {
        for (const update of updates) this.room.edits.store(update, null, this.room.beginCall());
      });
      times.appliedMs += timed(() => {
        for (const frame of turn) apply(doc, frame);
      });
    }
    const copy = new Y.Doc();
    Y.applyUpdate(copy, readContentBytes(this.room.state.content.readAll()));
    return { ...times, isSame: textOf(copy) === textOf(doc) };
  }
}

/** All in milliseconds. */
interface Times {
  /** Read, checked, and the frame written that others would be sent. */
  readonly relayedMs: number;
  /** Besides: stored, and noted in the index. */
  readonly storedMs: number;
  /** Applied to a `Y.Doc`. */
  readonly appliedMs: number;
  /** Whether the room has the document's text. */
  readonly isSame: boolean;
}

function relay(bytes: Uint8Array): CheckedUpdate {
  const frame = readFrame(bytes);
  if (frame.kind !== 'update') throw new Error(`not an update: ${frame.kind}`);
  // A room without sockets writes none.
  writeUpdate(frame.update.bytes);
  return frame.update;
}

/** As a server does that keeps a document. */
function apply(doc: Y.Doc, frame: Uint8Array): void {
  const decoder = decoding.createDecoder(frame);
  decoding.readVarUint(decoder);
  decoding.readVarUint(decoder);
  Y.applyUpdate(doc, decoding.readVarUint8Array(decoder));
}

const textOf = (doc: Y.Doc): string => doc.getText('text').toJSON();

function framesIn(body: Uint8Array): Uint8Array[] {
  const decoder = decoding.createDecoder(body);
  const frames: Uint8Array[] = [];
  while (decoding.hasContent(decoder)) frames.push(decoding.readVarUint8Array(decoder));
  return frames;
}

function timed(work: () => void): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}
