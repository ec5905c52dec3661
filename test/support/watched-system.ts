import path from 'node:path';
import { readWranglerToml, writeDevConfig } from '../../scripts/lib/dev-config.ts';
import { migrateLocalD1 } from '../../scripts/lib/migrate-local-d1.ts';
import { freePort } from '../../scripts/lib/ports.ts';
import { startChild, stopGroup } from '../../scripts/lib/processes.ts';
import { localWrangler } from '../../scripts/lib/wrangler.ts';
import { signUp, type User } from './system.ts';
import { until } from './until.ts';

/** The Worker and its databases, started by wrangler with another entry than src/index.ts. */
export interface WatchedSystem {
  /** `ws://127.0.0.1:PORT` */
  readonly wsOrigin: string;
  /** What it has printed so far. */
  readonly lines: readonly string[];
  signUp(): Promise<User>;
  stop(): Promise<void>;
}

/**
 * @param entry from the project's root
 * @param folder for its data
 */
export async function startWithEntry(entry: string, folder: string): Promise<WatchedSystem> {
  const raw = { ...(await readWranglerToml()), main: entry };
  const data = path.join(folder, 'wrangler');
  await migrateLocalD1({ raw, home: folder, data });
  const config = await writeDevConfig({ raw, persistTo: folder, postgresUrl: undefined, env: process.env });
  const port = await freePort();
  const lines: string[] = [];
  const where = ['--ip', '127.0.0.1', '--port', String(port), '--inspector-port', '0', '--persist-to', data];
  const quiet = ['--show-interactive-dev-session', 'false', '--log-level', 'warn'];
  const child = startChild(
    localWrangler(['dev', '--config', config, ...where, ...quiet], {
      home: folder,
      onLine: (line) => lines.push(line),
    }),
  );
  const origin = `http://127.0.0.1:${port}`;
  await until('the Worker', async () => {
    const response = await fetch(`${origin}/healthz`).catch(() => null);
    return response?.ok ? true : undefined;
  });
  return {
    wsOrigin: `ws://127.0.0.1:${port}`,
    lines,
    signUp: () => signUp(origin),
    stop: () => stopGroup(child.pid),
  };
}
