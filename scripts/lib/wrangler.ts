import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { PROJECT_ROOT } from './project.ts';
import type { ChildOptions } from './processes.ts';

const WRANGLER = path.join(
  path.dirname(createRequire(import.meta.url).resolve('wrangler/package.json')),
  'bin/wrangler.js',
);

export interface WranglerOptions {
  /**
   * Where it keeps its logs, its temporary files and its registry of running Workers, so that two systems do not see each
   * other.
   */
  readonly home: string;
  readonly onLine?: (line: string) => void;
}

/** What starts the project's own wrangler on this machine: it asks nothing, reports nothing, fetches nothing. */
export function localWrangler(args: readonly string[], { home, onLine }: WranglerOptions): ChildOptions {
  return {
    command: process.execPath,
    args: [WRANGLER, ...args],
    cwd: PROJECT_ROOT,
    env: {
      ...process.env,
      // Non-interactive: questions are answered with their defaults.
      CI: '1',
      WRANGLER_SEND_METRICS: 'false',
      WRANGLER_HIDE_BANNER: 'true',
      WRANGLER_LOG_PATH: path.join(home, 'logs'),
      WRANGLER_REGISTRY_PATH: path.join(home, 'registry'),
      // What a killed one leaves behind stays here, too.
      TMPDIR: temporaryFolder(home),
      // Otherwise it asks the internet where this machine stands, and waits for the answer.
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
      // Otherwise a second workerd writes a trace of every request to the disk.
      X_LOCAL_OBSERVABILITY: 'false',
    },
    makesPrivateFiles: true,
    ...(onLine === undefined ? {} : { onLine }),
  };
}

/** Removes what earlier runs left in `home`. Only while none runs there. */
export async function cleanWranglerHome(home: string): Promise<void> {
  for (const name of ['.wrangler', 'logs', 'registry', 'tmp']) {
    await rm(path.join(home, name), { recursive: true, force: true });
  }
}

function temporaryFolder(home: string): string {
  const folder = path.join(home, 'tmp');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

export interface RemoteWranglerOptions {
  /** Receives what it did, one JSON object a line; see `createWranglerCaller`. */
  readonly outputFile: string;
  readonly onLine: NonNullable<ChildOptions['onLine']>;
}

/**
 * What starts the project's own wrangler against Cloudflare, with the credentials that it finds. A child has no
 * terminal, so it asks nothing: questions are answered with their defaults, what has none fails. `CI` is not set for it,
 * because then it withholds the names of accounts where the person must choose one.
 */
export function remoteWrangler(
  args: readonly string[],
  { outputFile, onLine }: RemoteWranglerOptions,
): ChildOptions {
  return {
    command: process.execPath,
    args: [WRANGLER, ...args],
    cwd: PROJECT_ROOT,
    env: {
      ...process.env,
      WRANGLER_SEND_METRICS: 'false',
      WRANGLER_HIDE_BANNER: 'true',
      WRANGLER_OUTPUT_FILE_PATH: outputFile,
    },
    onLine,
  };
}
