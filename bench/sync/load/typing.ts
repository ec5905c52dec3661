import * as Y from 'yjs';
import { createUpdateFrame } from '../../../test/conformance/frames.ts';
import {
  getRoomUrl,
  type LoadResult,
  type LoadTask,
  type MeasureCost,
  type TypingTask,
} from '../load-task.ts';
import { AUTHOR_CLIENT_ID, readRecording } from '../recording.ts';
import { LeanClient } from './client.ts';
import { fail, joinReaders, Progress, mergeText, getText, WAIT_MS } from './readers.ts';

/** Limits the server's queue between the author and the reader. */
const MAX_CHARACTERS_IN_FLIGHT = 1_000;

/** One client sends a recording as fast as the server relays it to one reader. */
export async function typing(task: LoadTask<TypingTask>, measureCost: MeasureCost): Promise<LoadResult> {
  const url = getRoomUrl(task, task.room);
  const { text, updates } = readRecording(task.recording);
  // Created before the measurement, which must not include the author's work.
  const keystrokes = updates.map((update) => ({
    frame: createUpdateFrame(update),
    clock: getClockAfter(update),
  }));
  const [reader] = await joinReaders(url, task.wire, 1);
  if (reader === undefined) throw new Error('There is no reader.');
  const author = await LeanClient.connect(url, task.wire);
  const progress = new Progress(reader, AUTHOR_CLIENT_ID);
  await measureCost('begin');
  const startedAt = performance.now();
  let edits = 0;
  for (const keystroke of keystrokes) {
    if (performance.now() - startedAt > task.maxMs) break;
    // The author waits until half of the characters in flight have arrived.
    if (keystroke.clock - progress.clock > MAX_CHARACTERS_IN_FLIGHT)
      await untilClock(reader, progress, keystroke.clock - MAX_CHARACTERS_IN_FLIGHT / 2);
    author.send(keystroke.frame);
    edits += 1;
  }
  // A last edit that deletes does not move the clock, so an insertion marks the end.
  const end = createEndMark();
  const endProgress = new Progress(reader, end.clientId, reader.received.length);
  author.sendUpdate(end.update);
  await untilClock(reader, endProgress, 1);
  await measureCost('end');
  const seconds = ((reader.received.at(-1)?.at ?? Number.NaN) - startedAt) / 1_000;
  const typed = edits === updates.length ? text : mergeText(updates.slice(0, edits));
  if (task.keepsDocuments && getText(reader) !== typed) fail('the reader', 'has another text');
  return { editsPerSecond: edits / seconds, edits, ofEdits: updates.length };
}

/** An insertion by another client into another text. */
function createEndMark(): { clientId: number; update: Uint8Array } {
  const doc = new Y.Doc();
  doc.getText('end').insert(0, '.');
  return { clientId: doc.clientID, update: Y.encodeStateAsUpdate(doc) };
}

function untilClock(reader: LeanClient, progress: Progress, clock: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`The reader has ${progress.clock} of ${clock} characters.`)),
      WAIT_MS,
    );
    const check = (): void => {
      if (progress.clock < clock) return;
      reader.onFrame = null;
      clearTimeout(timer);
      resolve();
    };
    reader.onFrame = check;
    check();
  });
}

/** The author's clock after an update; 0 for an update that only deletes. */
const getClockAfter = (update: Uint8Array): number =>
  Y.decodeUpdate(update).structs.reduce((last, { id, length }) => Math.max(last, id.clock + length), 0);
