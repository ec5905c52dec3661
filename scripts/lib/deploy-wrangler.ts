import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { startChild } from './processes.ts';
import { remoteWrangler } from './wrangler.ts';

/** What wrangler writes where `WRANGLER_OUTPUT_FILE_PATH` says, of the kinds that count here (its `src/output.ts`). */
const Report = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('deploy'),
    /** `null` where it was called off. */
    version_id: z.string().nullable(),
    /** URLs, routes, custom domains and schedules, as people read them. */
    targets: z.array(z.string()).optional(),
  }),
  z.object({ type: z.literal('command-failed'), message: z.string() }),
]);
type Report = z.infer<typeof Report>;
type Deployed = Extract<Report, { type: 'deploy' }>;

/** Lines of no help where a call failed: how to report a bug, where the log is. */
const NO_REASON = /^\s*$|If you think this is a bug|Logs were written to/;

/** What came of one call. */
export interface Outcome {
  readonly ok: boolean;
  /** What it printed to its standard output. */
  readonly stdout: string;
  /** Why it failed, in one sentence for programs; empty where it ended without giving one. */
  readonly reason: string;
  /** What it printed, for people who must know why it failed. */
  readonly said: string;
  /** What it deployed, where it did. */
  readonly deployed: Deployed | undefined;
}

/** Calls wrangler with these arguments; each line that it prints goes to `onLine`. Does not throw where it fails. */
export type CallWrangler = (args: readonly string[], onLine?: (line: string) => void) => Promise<Outcome>;

/** @param folder receives the reports; removed by its owner */
export function callWranglerWith(folder: string): CallWrangler {
  return async (args, onLine) => {
    const outputFile = path.join(folder, `${randomUUID()}.ndjson`);
    const said: Record<'stdout' | 'stderr', string[]> = { stdout: [], stderr: [] };
    const child = startChild(
      remoteWrangler(args, {
        outputFile,
        onLine: (line, stream) => {
          const plain = stripVTControlCharacters(line);
          said[stream].push(plain);
          onLine?.(plain);
        },
      }),
    );
    const { code } = await child.ended;
    const reports = await readReports(outputFile);
    const failure = reports.find((report) => report.type === 'command-failed');
    return {
      ok: code === 0,
      stdout: said.stdout.join('\n'),
      reason: failure?.message ?? '',
      said: [...said.stdout, ...said.stderr].filter((line) => !NO_REASON.test(line)).join('\n'),
      deployed: reports.find((report) => report.type === 'deploy'),
    };
  };
}

/** Kinds that are of no interest here are left out; a call that ended early has written none. */
async function readReports(file: string): Promise<Report[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    const parsed = Report.safeParse(line === '' ? undefined : JSON.parse(line));
    return parsed.success ? [parsed.data] : [];
  });
}
