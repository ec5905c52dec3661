import * as Y from 'yjs';
import { createSentence } from '../../../scripts/lib/editing/english.ts';
import { pickBelow, pickLogNormal } from '../../../scripts/lib/random.ts';
import { type History, HistoryRecorder } from './history.ts';

// Measured on a recorded text of two writers, 26,078 edits; docs/internals/conformance.md compares the two.
const KEYSTROKE_MS = 110;
const PAUSE = { median: 900, sigma: 1.4 };
/** A writer receives the other's edits in batches. */
const BATCH_MS = 1_200;
const LATENCY_MS = 800;
const TYPED = { median: 6, sigma: 1.3 };
const DELETED = { median: 2, sigma: 1.2 };
const DELETE_CHANCE = 0.25;
const JUMP_CHANCE = 0.4;
const JUMP = { median: 6, sigma: 1.6 };
/** Jumps to where the other writer types, so that both insert at one position. */
const MEET_CHANCE = 0.15;

interface Writer {
  readonly agent: number;
  /** When this writer makes its next edit. */
  nextAtMs: number;
  /** Edits left in the current run. */
  left: number;
  isDeleting: boolean;
  cursor: Y.RelativePosition | null;
  /** What this writer types next. */
  text: string;
}

/** Two concurrent writers, each 0.8 to 2 s behind the other. The same random numbers give the same edits. */
export function generateHistory(edits: number, random: () => number): History {
  const recorder = new HistoryRecorder(2);
  const writers = [createWriter(0), createWriter(1)] as const;
  const editTimes: [number[], number[]] = [[], []];
  while (recorder.steps.length < edits) {
    const [first, second] = writers;
    const [writer, other] = first.nextAtMs <= second.nextAtMs ? [first, second] : [second, first];
    const { nextAtMs } = writer;
    const deliveredAtMs = Math.floor((nextAtMs - LATENCY_MS) / BATCH_MS) * BATCH_MS;
    const delivered = countBefore(editTimes[other.agent === 0 ? 0 : 1], deliveredAtMs);
    recorder.receive(writer.agent, other.agent, delivered);
    if (writer.left === 0) startRun(recorder, writer, other, random);
    typeOne(recorder, writer);
    editTimes[writer.agent === 0 ? 0 : 1].push(nextAtMs);
    writer.left -= 1;
    const pauseMs = writer.left === 0 ? pickLogNormal(PAUSE.median, PAUSE.sigma, random) : 0;
    writer.nextAtMs += pauseMs + KEYSTROKE_MS * (0.5 + random());
  }
  return { steps: recorder.steps, agents: 2, endContent: recorder.getMergedText() };
}

const createWriter = (agent: number): Writer => ({
  agent,
  nextAtMs: 0,
  left: 0,
  isDeleting: false,
  cursor: null,
  text: '',
});

/** `times` is ascending; few entries are after `limit`. */
function countBefore(times: readonly number[], limit: number): number {
  let count = times.length;
  while (count > 0 && (times[count - 1] ?? 0) >= limit) count -= 1;
  return count;
}

function startRun(recorder: HistoryRecorder, writer: Writer, other: Writer, random: () => number): void {
  const text = recorder.getText(writer.agent);
  const position =
    random() < JUMP_CHANCE ? pickTarget(text, writer, other, random) : findCursor(text, writer);
  setCursor(text, writer, position);
  writer.isDeleting = position > 0 && random() < DELETE_CHANCE;
  const { median, sigma } = writer.isDeleting ? DELETED : TYPED;
  const length = pickLogNormal(median, sigma, random);
  writer.left = writer.isDeleting ? Math.min(length, position) : length;
  while (writer.text.length < writer.left) writer.text += createSentence(random);
}

function pickTarget(text: Y.Text, writer: Writer, other: Writer, random: () => number): number {
  const chance = random();
  if (chance < MEET_CHANCE) return findCursor(text, other);
  if (chance < MEET_CHANCE * 2) return pickBelow(text.length + 1, random);
  const distance = pickLogNormal(JUMP.median, JUMP.sigma, random);
  const target = findCursor(text, writer) + (random() < 0.5 ? distance : -distance);
  return Math.min(Math.max(target, 0), text.length);
}

function typeOne(recorder: HistoryRecorder, writer: Writer): void {
  recorder.write(writer.agent, (text) => {
    const position = findCursor(text, writer);
    if (writer.isDeleting && position > 0) {
      text.delete(position - 1, 1);
      setCursor(text, writer, position - 1);
      return;
    }
    text.insert(position, writer.text.charAt(0) || ' ');
    writer.text = writer.text.slice(1);
    setCursor(text, writer, position + 1);
  });
}

function setCursor(text: Y.Text, writer: Writer, position: number): void {
  writer.cursor = Y.createRelativePositionFromTypeIndex(text, position, -1);
}

/** The end of the text if the cursor's character has not been received. */
function findCursor(text: Y.Text, { cursor }: Writer): number {
  if (cursor === null || text.doc === null) return text.length;
  return Y.createAbsolutePositionFromRelativePosition(cursor, text.doc)?.index ?? text.length;
}
