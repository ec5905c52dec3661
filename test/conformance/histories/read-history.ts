import { applyEdit } from '../../../scripts/lib/editing/edits.ts';
import { readConcurrentTrace } from '../../../scripts/lib/editing/traces.ts';
import { type History, HistoryRecorder } from './history.ts';

/** @throws if the file is not a concurrent trace (docs/internals/conformance.md) */
export function readHistory(file: string): History {
  const { agents, endContent, transactions } = readConcurrentTrace(file);
  const recorder = new HistoryRecorder(agents);
  // For each transaction: how many edits of each writer are at or before it.
  const included: number[][] = [];
  for (const { agent, parents, edit } of transactions) {
    const seen = Array<number>(agents).fill(0);
    for (const parent of parents)
      included[parent]?.forEach((edits, other) => (seen[other] = Math.max(seen[other] ?? 0, edits)));
    seen.forEach((edits, other) => recorder.receive(agent, other, edits));
    recorder.write(agent, (text) => applyEdit(text, edit));
    seen[agent] = recorder.countEdits(agent);
    included.push(seen);
  }
  return { steps: recorder.steps, agents, endContent };
}
