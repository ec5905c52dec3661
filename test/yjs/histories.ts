import fc from 'fast-check';
import * as Y from 'yjs';
import { type Choice, edit } from './random-edits.ts';

/** One of three writers edits, or applies the updates of another. */
interface Step {
  readonly writer: number;
  readonly from: number | null;
  readonly choice: Choice;
  readonly types: string | null;
}

/** @param typing how often, of three times, a writer types or sends its whole document again */
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
 * The updates of three writers, in the order in which a room stores them. Tests compare documents that apply a state at once:
 * one that applies its parts one by one may delete formatting that is still needed (Yjs 13.6, `cleanupYTextFormatting`).
 */
function createUpdates(made: readonly Step[], gc: boolean): Uint8Array[] {
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
 * A keystroke for each character, sometimes followed by its deletion. No surrogate pairs: what Yjs shows of a split pair
 * depends on the order of updates.
 */
function type(doc: Y.Doc, text: string, [at, , deletes]: Choice): void {
  const typed = doc.getText('text');
  const start = Math.min(at, typed.length);
  for (const [index, character] of Array.from(text).entries()) typed.insert(start + index, character);
  if (deletes % 4 === 0) typed.delete(start, Math.min(2, text.length));
}

/** Some updates, and the first N of them. */
export const history = fc
  .record({ made: createSteps(0), gc: fc.boolean(), at: fc.nat(100), swap: fc.nat(100) })
  .map(({ made, gc, at, swap }) => {
    const log = createUpdates(made, gc);
    // One arrives before its dependencies.
    const late = log.splice(swap % (log.length + 1), 1);
    log.splice((swap * 7) % (log.length + 1), 0, ...late);
    const earlier = log.slice(0, at % (log.length + 1));
    return { log, earlier };
  });

/** Updates as a room may store them: mostly typed, some twice, some before their dependencies; and those that were lost. */
export const typedHistory = fc
  .record({ made: createSteps(2), gc: fc.boolean(), order: fc.infiniteStream(fc.nat(1_000)) })
  .map(({ made, gc, order }) => {
    const next = () => order.next().value ?? 0;
    const log: Uint8Array[] = [];
    const lost: Uint8Array[] = [];
    for (const update of createUpdates(made, gc)) {
      const chance = next();
      if (chance < 50) lost.push(update);
      // Most arrive in order.
      else if (chance < 150) log.splice(next() % (log.length + 1), 0, update);
      else log.push(update);
    }
    return { log, lost };
  });
