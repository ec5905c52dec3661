import { createCipheriv } from 'node:crypto';
import * as Y from 'yjs';

/** What a document is pasted together from, in characters. */
const PASTE_CHARACTERS = 1_000_000;

/** Who wrote it, and thus what a client's state vector names that has it all. */
const AUTHOR = 3_000_000_001;

/** A document as its updates, in the order in which its author made them. */
export interface PastedDocument {
  readonly text: string;
  readonly updates: readonly Uint8Array[];
}

/** Text that does not repeat itself, the same each time, pasted in pieces of up to 1 MB. One character is a byte on the wire. */
export function pastedDocument(bytes: number): PastedDocument {
  const text = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16))
    .update(Buffer.alloc(Math.ceil(bytes / 2)))
    .toString('hex')
    .slice(0, bytes);
  const doc = new Y.Doc();
  doc.clientID = AUTHOR;
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  for (let start = 0; start < bytes; start += PASTE_CHARACTERS) {
    doc.getText('text').insert(start, text.slice(start, start + PASTE_CHARACTERS));
  }
  return { text, updates };
}

/** The state vector of a client that has all of such a document. */
export const createStateVector = (bytes: number): Uint8Array =>
  Y.encodeStateVector(bytes === 0 ? new Map() : new Map([[AUTHOR, bytes]]));
