import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { RUNNING_FILE } from './dev-lock.ts';

export const DEFAULT_DATA_FOLDER = '.roomkeeper';
const DEFAULT_ORIGIN = 'http://localhost:8787';
const HEALTH_TIMEOUT_MS = 10_000;

const Running = z.object({ origin: z.url() });

/**
 * Where `npm run dev` on this data runs, or ran last: it takes another port where the usual one is taken.
 * @param folder of its data
 */
export function localOrigin(folder = DEFAULT_DATA_FOLDER): string {
  try {
    const running: unknown = JSON.parse(readFileSync(path.join(folder, RUNNING_FILE), 'utf8'));
    return Running.parse(running).origin;
  } catch {
    // Not running, never started or still starting: then the usual address is the best guess.
    return DEFAULT_ORIGIN;
  }
}

/** @throws an `Error` for people where no Roomkeeper answers at the origin */
export async function requireServer(origin: string): Promise<void> {
  let response: Response;
  try {
    response = await fetch(`${origin}/healthz`, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) });
  } catch (error) {
    throw new Error(
      `Nothing answers at ${origin}. Start Roomkeeper in another terminal (npm run dev), or name where it runs with --origin.`,
      { cause: error },
    );
  }
  if (!response.ok || (await response.text()) !== 'ok') {
    throw new Error(`The server at ${origin} is not Roomkeeper. Set its origin with --origin.`);
  }
}
