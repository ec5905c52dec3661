import { randomUUID } from 'node:crypto';
import type { Contender } from './contender.ts';
import { LeanClient } from './load/client.ts';
import { untilAll } from './load/readers.ts';
import { Writer } from './load/writer.ts';

/** Time for a server to save. */
const SAVING_MS = 1_000;

/** Time after the last edit until a server has saved it. */
export const afterSavingMs = ({ saveWithinMs }: Contender): number => saveWithinMs + SAVING_MS;

/** Restarts a server and warms it up with a new room, so that earlier rooms are not in memory. */
export async function restart(contender: Contender): Promise<void> {
  await contender.stop();
  await contender.start();
  const { close } = await editSeen(contender, randomUUID());
  close();
}

/** An edit that has reached another client; both stay connected. */
interface Seen {
  readonly text: string;
  readonly close: () => void;
}

/** Edits a room. Resolves once another client has the edit. */
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
