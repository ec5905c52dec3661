import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import { readTrace } from '../../scripts/lib/edits.ts';
import { PROJECT_ROOT } from '../../scripts/lib/project.ts';

/** From josephg/editing-traces; it is not part of the project. */
export const TRACE = path.join(PROJECT_ROOT, '../shared/traces/automerge-paper.json.gz');

/** Who typed it. */
export const TYPIST = 3_000_000_002;

/** A text being typed, as the updates of one client. */
export interface Recording {
  readonly text: string;
  readonly updates: readonly Uint8Array[];
}

export const hasTrace = (): boolean => existsSync(TRACE);

/**
 * Types the trace, or the first so many edits of it.
 * @throws where the text does not become what the trace says
 */
export function recordTrace(most: number): Recording {
  const { edits, endContent } = readTrace(TRACE);
  const doc = new Y.Doc();
  doc.clientID = TYPIST;
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  const text = doc.getText('text');
  for (const edit of edits.slice(0, most)) {
    doc.transact(() => {
      for (const [position, deleted, inserted] of edit) {
        if (deleted > 0) text.delete(position, deleted);
        if (inserted !== '') text.insert(position, inserted);
      }
    });
  }
  if (most >= edits.length && text.toJSON() !== endContent) throw new Error('The trace was typed wrongly.');
  return { text: text.toJSON(), updates };
}

export function writeRecording(file: string, { text, updates }: Recording): void {
  const bytes = encoding.encode((encoder) => {
    encoding.writeVarString(encoder, text);
    encoding.writeVarUint(encoder, updates.length);
    for (const update of updates) encoding.writeVarUint8Array(encoder, update);
  });
  writeFileSync(file, bytes);
}

export function readRecording(file: string): Recording {
  const decoder = decoding.createDecoder(readFileSync(file));
  const text = decoding.readVarString(decoder);
  const updates = Array.from({ length: decoding.readVarUint(decoder) }, () =>
    decoding.readVarUint8Array(decoder),
  );
  return { text, updates };
}
