import { MalformedInput } from '../../yjs/decode.ts';
import { type CheckedUpdate, readTrustedUpdate } from '../../yjs/read-update.ts';
import type { ReadUpdate, UpdateLog } from './update-log.ts';

/** One that can be read. */
interface ParsedUpdate extends Pick<ReadUpdate, 'firstRow' | 'number'> {
  readonly update: CheckedUpdate;
}

/** The log's updates with a number above one and up to another, oldest first. The others are noted as damage. */
export function* readUpdates(log: UpdateLog, after: number, through?: number): Generator<ParsedUpdate> {
  for (const { firstRow, number, bytes } of log.readUpdates(after, through)) {
    let update: CheckedUpdate;
    try {
      update = readTrustedUpdate(bytes);
    } catch (error) {
      if (!(error instanceof MalformedInput)) throw error;
      log.damage.noteUpdate(firstRow, bytes.byteLength, error);
      continue;
    }
    yield { firstRow, number, update };
  }
}
