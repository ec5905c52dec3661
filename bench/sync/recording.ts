import { readFileSync, writeFileSync } from 'node:fs';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import { applyEdit, type Edit } from '../../scripts/lib/editing/edits.ts';
import { readSequentialTrace } from '../../scripts/lib/editing/traces.ts';
import { PAPER_EDITS, typePaper } from '../../scripts/lib/editing/paper.ts';

export const AUTHOR_CLIENT_ID = 3_000_000_002;

/** The length of its text and its structs are closest to those of a recorded paper. */
const PAPER_SEED = 3;

/** A text as the updates of the client that typed it. */
export interface Recording {
  readonly text: string;
  readonly updates: readonly Uint8Array[];
}

/**
 * Records a generated paper, or a sequential trace (docs/internals/conformance.md).
 * @param maxEdits of the trace or of the paper
 * @throws if the trace does not end with its `endContent`
 */
export function createRecording(traceFile: string | undefined, maxEdits: number): Recording {
  if (traceFile === undefined) return record(typePaper(Math.min(maxEdits, PAPER_EDITS), PAPER_SEED));
  const { edits, endContent } = readSequentialTrace(traceFile);
  const recording = record(edits.slice(0, maxEdits));
  if (maxEdits >= edits.length && recording.text !== endContent)
    throw new Error(`${traceFile} does not end with its endContent.`);
  return recording;
}

function record(edits: readonly Edit[]): Recording {
  const doc = new Y.Doc();
  doc.clientID = AUTHOR_CLIENT_ID;
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  const text = doc.getText('text');
  for (const edit of edits) doc.transact(() => applyEdit(text, edit));
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
