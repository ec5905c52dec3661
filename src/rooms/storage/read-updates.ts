import { MalformedInput } from '../../yjs/decode.ts';
import { type CheckedUpdate, readTrustedUpdate } from '../../yjs/read-update.ts';
import type { ReadUpdate, UpdateLog } from './update-log.ts';

/** A readable update of the log. */
interface ParsedUpdate extends Pick<ReadUpdate, 'firstRow' | 'number'> {
  readonly update: CheckedUpdate;
}

/** Reads the log's updates after one number and through another, oldest first. Unreadable ones are noted as damage. */
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
