import { eachStruct } from './read-update.ts';
import { KIND, type Struct, StructReader } from './structs/struct-reader.ts';

/**
 * What a `Y.Doc` takes of the heap, in bytes, measured in workerd with `Runtime.getHeapUsage` after a collection (Yjs
 * 13.6, November 2026) and rounded up: a struct of text, of formatting or of nothing 109 to 132, a key of a map or a type
 * 247 to 284, a value inside of a JSON-like one 29. Node takes twice as much: its V8 does not compress pointers.
 */
const TEXT_BYTES = 140;
const OTHER_BYTES = 300;
const VALUE_BYTES = 40;
/** A string takes two bytes a character as soon as one character needs them. */
const BYTES_OF_CONTENT = 2;

const TEXTS: ReadonlySet<number> = new Set([KIND.garbage, KIND.deleted, KIND.string, KIND.format]);

/**
 * Whether the `Y.Doc` of these updates can be built, and written down, in so much memory.
 * @param maxBytes of the heap
 */
export function fitsInMemory(updates: readonly Uint8Array[], maxBytes: number): boolean {
  let weight = 0;
  for (const update of updates) {
    // The update itself, and its share of what is written.
    weight += 2 * update.byteLength;
    eachStruct(new StructReader(update), (struct) => {
      weight += weigh(struct);
    });
    if (weight > maxBytes) return false;
  }
  return true;
}

function weigh({ kind, values, contentStart, end }: Struct): number {
  const struct = TEXTS.has(kind) ? TEXT_BYTES : OTHER_BYTES;
  return struct + (end - contentStart) * BYTES_OF_CONTENT + (values - 1) * VALUE_BYTES;
}
