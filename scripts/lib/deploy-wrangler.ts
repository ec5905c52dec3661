import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { startChild } from './processes.ts';
import { remoteWrangler } from './wrangler.ts';

/** Entries of `WRANGLER_OUTPUT_FILE_PATH` that are used here (wrangler's `src/output.ts`). */
const Report = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('deploy'),
    /** `null`: cancelled. */
    version_id: z.string().nullable(),
    /** URLs, routes, custom domains and schedules as text. */
    targets: z.array(z.string()).optional(),
  }),
  z.object({ type: z.literal('command-failed'), message: z.string() }),
]);
type Report = z.infer<typeof Report>;
type Deployed = Extract<Report, { type: 'deploy' }>;

/** Output lines that do not explain a failure. */
const NO_REASON = /^\s*$|If you think this is a bug|Logs were written to/;

export interface Outcome {
  readonly ok: boolean;
  readonly stdout: string;
  /** The error message from the report; '' without one. */
  readonly reason: string;
  /** Printed lines, for error messages. */
  readonly output: string;
  /** The deployment, if there was one. */
  readonly deployed: Deployed | undefined;
}

/** Calls wrangler. Resolves with `ok: false` if it fails. */
export type CallWrangler = (args: readonly string[], onLine?: (line: string) => void) => Promise<Outcome>;

/** @param folder for the reports; the caller removes it */
export function createWranglerCaller(folder: string): CallWrangler {
  return async (args, onLine) => {
    const outputFile = path.join(folder, `${randomUUID()}.ndjson`);
    const lines: Record<'stdout' | 'stderr', string[]> = { stdout: [], stderr: [] };
    const child = startChild(
      remoteWrangler(args, {
        outputFile,
        onLine: (line, stream) => {
          const plain = stripVTControlCharacters(line);
          lines[stream].push(plain);
          onLine?.(plain);
        },
      }),
    );
    const { code } = await child.ended;
    const reports = await readReports(outputFile);
    const failure = reports.find((report) => report.type === 'command-failed');
    return {
      ok: code === 0,
      stdout: lines.stdout.join('\n'),
      reason: failure?.message ?? '',
      output: [...lines.stdout, ...lines.stderr].filter((line) => !NO_REASON.test(line)).join('\n'),
      deployed: reports.find((report) => report.type === 'deploy'),
    };
  };
}

/** [] if the call ended early. */
async function readReports(file: string): Promise<Report[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    const parsed = Report.safeParse(line === '' ? undefined : JSON.parse(line));
    return parsed.success ? [parsed.data] : [];
  });
}
