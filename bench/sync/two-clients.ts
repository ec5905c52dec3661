import { randomUUID } from 'node:crypto';
import type { Contender } from './contender.ts';
import { LeanClient } from './load/client.ts';
import { untilAll } from './load/readers.ts';
import { Writer } from './load/writer.ts';

/** Time enough for a server to begin with a save that is due, and to end it. */
const SAVING_MS = 1_000;

/** Time after the last edit in which a server saves it, if ever, in milliseconds. */
export const afterSavingMs = ({ saveWithinMs }: Contender): number => saveWithinMs + SAVING_MS;

/** Stops a server and starts it on the same data. Its program is warm then, and no room in memory that was used before. */
export async function restart(contender: Contender): Promise<void> {
  await contender.stop();
  await contender.start();
  const { close } = await editSeen(contender, randomUUID());
  close();
}

/** An edit of somebody that another one has seen; both are connected. */
interface Seen {
  /** What the edit says. */
  readonly text: string;
  readonly close: () => void;
}

/** Has somebody edit a room, and settles in the moment in which another client has it. */
export async function editSeen(contender: Contender, room: string): Promise<Seen> {
  const url = (await contender.url('ROOM')).replace('ROOM', room);
  const reader = await LeanClient.connect(url, contender.wire);
  const writer = await Writer.join(url, contender.wire);
  writer.type();
  await untilAll([reader], writer, 1);
  const close = (): void => {
    reader.close();
    writer.client.close();
  };
  return { text: writer.doc.getText('text').toJSON(), close };
}
