import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import { z } from 'zod';
import { createRandom } from '../../scripts/lib/random.ts';
import { stopGroup } from '../../scripts/lib/processes.ts';
import { createUpdateFrame } from '../../test/conformance/frames.ts';
import { startWorker } from '../../test/support/worker-process.ts';
import type { Benchmark, BenchmarkOptions, Subject } from '../lib/benchmark.ts';

const EDITS = 20_000;
const QUICK_EDITS = 1_000;
const ROUNDS = 3;
/** Keystrokes between two jumps of the cursor. */
const KEYSTROKES_IN_A_ROW = 20;
/** Of where the cursor jumps to. */
const SEED = 1;

export const relaying: Benchmark = {
  name: 'an edit inside the room',
  method: `${EDITS.toLocaleString('en-US')} keystrokes, ${KEYSTROKES_IN_A_ROW} in a row at each position of a growing document, passed to a room's code within one event, alternating with a \`Y.Doc\` in the same object. Relayed: Roomkeeper reads the frame, checks the update, and writes the frame for the other clients. Stored: it also writes the update to SQLite and updates its index. Applied: the \`Y.Doc\` applies the update; nothing is stored or sent. The platform’s own work for an event, such as its commit, is not included.`,
  figures: [{ key: 'ms', title: 'per edit', unit: 'ms', better: 'lower', digits: 4 }],
  run: measure,
};

const Timed = z.object({
  relayedMs: z.number(),
  storedMs: z.number(),
  appliedMs: z.number(),
  isSame: z.boolean(),
});

async function measure({ quick, maxRounds, folder, progress }: BenchmarkOptions): Promise<Subject[]> {
  const edits = quick ? QUICK_EDITS : EDITS;
  const body = keystrokes(edits);
  const { worker, origin } = await startWorker('test/worker/entries/measured-edits.ts', folder);
  try {
    const rounds = quick ? 1 : Math.min(ROUNDS, maxRounds);
    const relayed: number[] = [];
    const stored: number[] = [];
    const applied: number[] = [];
    // The first one counts for nothing: code is compiled in it.
    for (let round = 0; round <= rounds; round++) {
      progress(`round ${round} of ${rounds}`);
      const response = await fetch(`${origin}/measured/${round}`, { method: 'POST', body });
      if (!response.ok) throw new Error(`answered with ${response.status}: ${await response.text()}`);
      const { relayedMs, storedMs, appliedMs, isSame } = Timed.parse(await response.json());
      if (!isSame) throw new Error('the room has another text than the document');
      if (round === 0) continue;
      relayed.push(relayedMs / edits);
      stored.push((relayedMs + storedMs) / edits);
      applied.push(appliedMs / edits);
    }
    return [
      { name: 'Roomkeeper, relayed', role: 'ours', values: { ms: relayed } },
      { name: 'Roomkeeper, relayed and stored', role: 'ours', values: { ms: stored } },
      { name: 'Y.Doc, applied', role: 'peer', values: { ms: applied } },
    ];
  } finally {
    await stopGroup(worker.child.pid);
  }
}

/** Frames of updates, each of one character, each with its length before it. */
function keystrokes(count: number): Uint8Array<ArrayBuffer> {
  const random = createRandom(SEED);
  const doc = new Y.Doc();
  const text = doc.getText('text');
  return encoding.encode((encoder) => {
    doc.on('update', (update: Uint8Array) => encoding.writeVarUint8Array(encoder, createUpdateFrame(update)));
    let at = 0;
    for (let typed = 0; typed < count; typed++) {
      if (typed % KEYSTROKES_IN_A_ROW === 0) at = Math.floor(random() * text.length);
      text.insert(at++, 'x');
    }
  });
}
