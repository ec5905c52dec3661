import { visitStructs } from './read-update.ts';
import { KIND, type Struct, StructReader } from './structs/struct-reader.ts';

/**
 * Heap bytes of a `Y.Doc`, rounded up from measurements in workerd (`Runtime.getHeapUsage`, Yjs 13.6, November 2026): a
 * struct of text, formatting or garbage 109 to 132, a map key or a type 247 to 284, a nested JSON value 29.
 */
const TEXT_BYTES = 140;
const OTHER_BYTES = 300;
const VALUE_BYTES = 40;
/** Heap bytes per byte of content: V8 stores a string with two bytes per character if one character needs them. */
const HEAP_BYTES_PER_CONTENT_BYTE = 2;

const TEXT_KINDS: ReadonlySet<number> = new Set([KIND.garbage, KIND.deleted, KIND.string, KIND.format]);

/**
 * Whether a `Y.Doc` of these updates can be built and encoded within `maxBytes` of heap.
 */
export function fitsInMemory(updates: readonly Uint8Array[], maxBytes: number): boolean {
  let weight = 0;
  for (const update of updates) {
    // The update itself, and its part of the encoded state.
    weight += 2 * update.byteLength;
    visitStructs(new StructReader(update), (struct) => {
      weight += weigh(struct);
    });
    if (weight > maxBytes) return false;
  }
  return true;
}

function weigh({ kind, values, contentStart, end }: Struct): number {
  const struct = TEXT_KINDS.has(kind) ? TEXT_BYTES : OTHER_BYTES;
  return struct + (end - contentStart) * HEAP_BYTES_PER_CONTENT_BYTE + (values - 1) * VALUE_BYTES;
}
