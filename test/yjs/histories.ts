import fc from 'fast-check';
import * as Y from 'yjs';
import { type Choice, edit } from './random-edits.ts';

/** One of three writers edits, or takes in what another one has. */
interface Step {
  readonly writer: number;
  readonly from: number | null;
  readonly choice: Choice;
  readonly types: string | null;
}

/** @param typing how often, of three times, a writer types, or says again all that he has */
const createSteps = (typing: number) =>
  fc.array(
    fc.record({
      writer: fc.nat(2),
      from: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(2) }),
      choice: fc.tuple(fc.nat(60), fc.nat(60), fc.nat(60)),
      types: fc.oneof(
        { weight: 3 - typing, arbitrary: fc.constant(null) },
        { weight: typing, arbitrary: fc.constantFrom('a', 'bcd', '☘', 'é', 'all again') },
      ),
    }),
    { minLength: 2, maxLength: 80, size: 'max' },
  );

/**
 * The updates that three writers make of these steps, in the order in which a room stores them. Compared is what a document
 * shows that takes a state in at once: one that takes its parts in one by one may drop formatting marks on the way that
 * the other still needs (Yjs 13.6, `cleanupYTextFormatting`).
 */
function write(made: readonly Step[], gc: boolean): Uint8Array[] {
  const log: Uint8Array[] = [];
  const docs = [1, 2, 3].map((clientID) => Object.assign(new Y.Doc({ gc }), { clientID }));
  for (const doc of docs) {
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'sync') log.push(update);
    });
  }
  for (const { writer, from, choice, types } of made) {
    const doc = docs[writer];
    const other = from === null ? undefined : docs[from];
    if (doc === undefined) continue;
    if (types === 'all again') log.push(Y.encodeStateAsUpdate(doc));
    else if (types !== null) type(doc, types, choice);
    else if (other === undefined) doc.transact(() => edit(doc, choice));
    else Y.applyUpdate(doc, Y.encodeStateAsUpdate(other, Y.encodeStateVector(doc)), 'sync');
  }
  return log;
}

/**
 * A keystroke for each character, now and then followed by its deletion. (None beyond the basic plane: Yjs keeps only
 * what is in one piece of a surrogate pair that others split, so what a document shows depends on who tells it.)
 */
function type(doc: Y.Doc, text: string, [at, , deletes]: Choice): void {
  const typed = doc.getText('text');
  const start = Math.min(at, typed.length);
  for (const [index, character] of Array.from(text).entries()) typed.insert(start + index, character);
  if (deletes % 4 === 0) typed.delete(start, Math.min(2, text.length));
}

/** Some updates, and the first so many of them. */
export const history = fc
  .record({ made: createSteps(0), gc: fc.boolean(), at: fc.nat(100), swap: fc.nat(100) })
  .map(({ made, gc, at, swap }) => {
    const log = write(made, gc);
    // Some arrive before what they depend on.
    const late = log.splice(swap % (log.length + 1), 1);
    log.splice((swap * 7) % (log.length + 1), 0, ...late);
    const earlier = log.slice(0, at % (log.length + 1));
    return { log, earlier };
  });

/** What a room may have stored: much of it typed, some of it twice, some before what it depends on; and what got lost. */
export const typedHistory = fc
  .record({ made: createSteps(2), gc: fc.boolean(), order: fc.infiniteStream(fc.nat(1_000)) })
  .map(({ made, gc, order }) => {
    const next = () => order.next().value ?? 0;
    const log: Uint8Array[] = [];
    const lost: Uint8Array[] = [];
    for (const update of write(made, gc)) {
      const chance = next();
      if (chance < 50) lost.push(update);
      // Most come in the order in which they were made.
      else if (chance < 150) log.splice(next() % (log.length + 1), 0, update);
      else log.push(update);
    }
    return { log, lost };
  });
