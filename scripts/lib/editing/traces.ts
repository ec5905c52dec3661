import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import type { Edit, TextChange } from './edits.ts';

// The trace format of github.com/josephg/editing-traces, described in docs/internals/conformance.md.
const Patches = z.array(z.tuple([z.number(), z.number(), z.string()]));
const SequentialTrace = z.object({
  startContent: z.string(),
  endContent: z.string(),
  txns: z.array(z.object({ patches: Patches })),
  kind: z.undefined().optional(),
});
const ConcurrentTrace = z.object({
  kind: z.literal('concurrent'),
  endContent: z.string(),
  numAgents: z.number().int().min(1).max(100),
  txns: z.array(z.object({ parents: z.array(z.number()), agent: z.number(), patches: Patches })),
});

/** The edits of one author, in order. */
export interface SequentialTrace {
  readonly edits: readonly Edit[];
  readonly endContent: string;
}

/** The edits of several authors, as a graph. */
export interface ConcurrentTrace {
  readonly agents: number;
  readonly endContent: string;
  /** `parents` are indexes of earlier transactions: the edit applies to the merge of the states after them. */
  readonly transactions: readonly {
    readonly agent: number;
    readonly parents: readonly number[];
    readonly edit: Edit;
  }[];
}

/** @throws if the file is not a sequential trace */
export function readSequentialTrace(file: string): SequentialTrace {
  const trace = SequentialTrace.safeParse(readJson(file));
  if (!trace.success)
    throw new Error(`${file} is not a sequential editing trace (startContent, endContent, txns).`);
  const { startContent, endContent, txns } = trace.data;
  const start: Edit[] =
    startContent === ''
      ? []
      : [[{ type: 'insert', position: 0, text: requireBasicPlane(file, startContent) }]];
  return { edits: [...start, ...txns.map(({ patches }) => createEdit(file, patches))], endContent };
}

/** @throws if the file is not a concurrent trace */
export function readConcurrentTrace(file: string): ConcurrentTrace {
  const trace = ConcurrentTrace.safeParse(readJson(file));
  if (!trace.success)
    throw new Error(`${file} is not a concurrent editing trace (kind, endContent, numAgents, txns).`);
  const { numAgents, endContent, txns } = trace.data;
  const transactions = txns.map(({ agent, parents, patches }) => ({
    agent,
    parents,
    edit: createEdit(file, patches),
  }));
  return { agents: numAgents, endContent, transactions };
}

function readJson(file: string): unknown {
  const bytes = readFileSync(file);
  // RFC 1952, 2.3.1: the magic number of gzip.
  const json = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
  return JSON.parse(json.toString('utf8'));
}

function createEdit(file: string, patches: z.infer<typeof Patches>): Edit {
  return patches.flatMap(([position, deleted, inserted]) => {
    const changes: TextChange[] = [];
    if (deleted > 0) changes.push({ type: 'delete', position, length: deleted });
    if (inserted !== '') changes.push({ type: 'insert', position, text: requireBasicPlane(file, inserted) });
    return changes;
  });
}

/** Traces count code points. These are UTF-16 units only in text of the basic plane. */
function requireBasicPlane(file: string, text: string): string {
  if (/[\ud800-\udfff]/.test(text))
    throw new Error(`${file} contains text beyond the basic plane. Use a trace without emoji.`);
  return text;
}
