import * as Y from 'yjs';
import { updateFrame } from '../../../test/conformance/frames.ts';
import { type Clock, type LoadResult, type LoadTask, roomAt, type TypingTask } from '../load-task.ts';
import { readRecording, TYPIST } from '../recording.ts';
import { LeanClient } from './client.ts';
import { fail, joinReaders, Progress, textIn, textOf, WAIT_MS } from './readers.ts';

/** So many characters, at most, are on their way from the typist to the reader, so that no server fills its memory with them. */
const ON_THE_WAY = 1_000;

/** Types a recorded text as fast as the server hands it on to one reader. */
export async function typing(task: LoadTask<TypingTask>, clock: Clock): Promise<LoadResult> {
  const url = roomAt(task, task.room);
  const { text, updates } = readRecording(task.recording);
  // Made before the clock starts: the typist must not be what is measured.
  const keystrokes = updates.map((update) => ({ frame: updateFrame(update), clock: clockAfter(update) }));
  const [reader] = await joinReaders(url, task.wire, 1);
  if (reader === undefined) throw new Error('no reader');
  const typist = await LeanClient.connect(url, task.wire);
  const progress = new Progress(reader, TYPIST);
  await clock('begin');
  const startedAt = performance.now();
  let edits = 0;
  for (const keystroke of keystrokes) {
    if (performance.now() - startedAt > task.mostMs) break;
    // He goes on once half of it has arrived: nobody waits for each character.
    if (keystroke.clock - progress.clock > ON_THE_WAY)
      await untilClock(reader, progress, keystroke.clock - ON_THE_WAY / 2);
    typist.send(keystroke.frame);
    edits += 1;
  }
  // The last edits may be deletions, and those move no clock by which could be told that they arrived.
  const end = endMark();
  const ending = new Progress(reader, end.clientId, reader.received.length);
  typist.sendUpdate(end.update);
  await untilClock(reader, ending, 1);
  await clock('end');
  const seconds = ((reader.received.at(-1)?.at ?? Number.NaN) - startedAt) / 1_000;
  const typed = edits === updates.length ? text : textIn(updates.slice(0, edits));
  if (task.keepsDocuments && textOf(reader) !== typed) fail('the reader', 'has another text');
  return { editsPerSecond: edits / seconds, edits, ofEdits: updates.length };
}

/** An update of nobody else's, in a text of its own. */
function endMark(): { clientId: number; update: Uint8Array } {
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
    const look = (): void => {
      if (progress.clock < clock) return;
      reader.onFrame = null;
      clearTimeout(timer);
      resolve();
    };
    reader.onFrame = look;
    look();
  });
}

/** How far a typist's clock is after an update of his; 0 for one that only deletes. */
const clockAfter = (update: Uint8Array): number =>
  Y.decodeUpdate(update).structs.reduce((last, { id, length }) => Math.max(last, id.clock + length), 0);
