import * as decoding from 'lib0/decoding';
import * as Y from 'yjs';
import type { Bindings } from '../../../src/domain/env.ts';
import worker, { AccountEraser, DocumentRoom as Documents, WorkspaceRoom } from '../../../src/index.ts';
import type { CheckedUpdate } from '../../../src/yjs/read-update.ts';
import { readContentBytes } from '../../../src/yjs/structs/write-content.ts';
import { readFrame, writeUpdate } from '../../../src/rooms/sync/protocol.ts';

/**
 * The Worker with rooms that measure the processing time of edits, and that of applying them to a `Y.Doc`
 * (bench/room/relaying.ts). Not for deployment.
 */
export { AccountEraser, WorkspaceRoom };

/** Both are measured in turns, so that other load of the machine affects both. */
const EDITS_PER_TURN = 500;

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
    const frames = readFrames(body);
    this.create();
    const doc = new Y.Doc({ gc: false });
    const times = { relayedMs: 0, storedMs: 0, appliedMs: 0 };
    for (let from = 0; from < frames.length; from += EDITS_PER_TURN) {
      const turn = frames.slice(from, from + EDITS_PER_TURN);
      const updates: CheckedUpdate[] = [];
      times.relayedMs += measureMs(() => {
        for (const frame of turn) updates.push(relay(frame));
      });
      times.storedMs += measureMs(() => {
        for (const update of updates) this.room.edits.store(update, null, this.room.beginCall());
      });
      times.appliedMs += measureMs(() => {
        for (const frame of turn) apply(doc, frame);
      });
    }
    const copy = new Y.Doc();
    Y.applyUpdate(copy, readContentBytes(this.room.state.content.readAll()));
    return { ...times, isSame: readText(copy) === readText(doc) };
  }
}

/** All in milliseconds. */
interface Times {
  /** Reading, checking and writing the frame for other sockets. */
  readonly relayedMs: number;
  /** Storing the update and its index. */
  readonly storedMs: number;
  /** Applying the update to a `Y.Doc`. */
  readonly appliedMs: number;
  /** Whether the room and the document have the same text. */
  readonly isSame: boolean;
}

function relay(bytes: Uint8Array): CheckedUpdate {
  const frame = readFrame(bytes);
  if (frame.kind !== 'update') throw new Error(`not an update: ${frame.kind}`);
  // A room without sockets writes no frame.
  writeUpdate(frame.update.bytes);
  return frame.update;
}

/** Applies a frame as a server with a `Y.Doc` does. */
function apply(doc: Y.Doc, frame: Uint8Array): void {
  const decoder = decoding.createDecoder(frame);
  decoding.readVarUint(decoder);
  decoding.readVarUint(decoder);
  Y.applyUpdate(doc, decoding.readVarUint8Array(decoder));
}

const readText = (doc: Y.Doc): string => doc.getText('text').toJSON();

function readFrames(body: Uint8Array): Uint8Array[] {
  const decoder = decoding.createDecoder(body);
  const frames: Uint8Array[] = [];
  while (decoding.hasContent(decoder)) frames.push(decoding.readVarUint8Array(decoder));
  return frames;
}

function measureMs(work: () => void): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}
