import path from 'node:path';
import { writeDevConfig } from '../../scripts/lib/dev-config.ts';
import { readWranglerToml } from '../../scripts/lib/wrangler-toml.ts';
import { migrateLocalD1 } from '../../scripts/lib/migrate-local-d1.ts';
import { freePort } from '../../scripts/lib/ports.ts';
import { startChild } from '../../scripts/lib/processes.ts';
import { cleanWranglerHome, localWrangler } from '../../scripts/lib/wrangler.ts';
import { type DevProcess, watchProcess } from './dev-process.ts';
import { until } from './until.ts';

/**
 * Starts the Worker with another entry than src/index.ts, without cron, and waits until it answers.
 * @param entry from the project's root
 * @param persistTo a folder for its data
 * @param postgresUrl for the mirror, which is off without it
 * @param env variables beside those of this process
 */
export async function startWorker(
  entry: string,
  persistTo: string,
  { postgresUrl, env = {} }: { postgresUrl?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<{ worker: DevProcess; origin: string }> {
  const raw = { ...(await readWranglerToml()), main: entry };
  const data = path.join(persistTo, 'wrangler');
  await cleanWranglerHome(persistTo);
  await migrateLocalD1({ raw, home: persistTo, data });
  const config = await writeDevConfig({ raw, persistTo, postgresUrl, env: { ...process.env, ...env } });
  const port = await freePort();
  const lines: string[] = [];
  const where = ['--ip', '127.0.0.1', '--port', String(port), '--inspector-port', '0', '--persist-to', data];
  const quiet = ['--show-interactive-dev-session', 'false', '--log-level', 'warn'];
  const child = startChild(
    localWrangler(['dev', '--config', config, ...where, ...quiet], {
      home: persistTo,
      onLine: (line) => lines.push(line),
    }),
  );
  const worker = watchProcess(child, lines);
  const origin = `http://127.0.0.1:${port}`;
  let ended = false;
  void child.ended.then(() => (ended = true));
  await until('the Worker', async () => {
    if (ended) throw new Error(`wrangler dev ended:\n${lines.join('\n')}`);
    const response = await fetch(`${origin}/healthz`).catch(() => null);
    return response?.ok ? true : undefined;
  });
  return { worker, origin };
}
