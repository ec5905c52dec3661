import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CronTicker, startCron } from './cron.ts';
import { writeDevConfig } from './dev-config.ts';
import { readWranglerToml } from './wrangler-toml.ts';
import { type DevLock, lockFolder } from './dev-lock.ts';
import type { DevOptions } from './dev-options.ts';
import { migrateLocalD1 } from './migrate-local-d1.ts';
import { migratePostgres } from './migrate-postgres.ts';
import { freePort, isPortFree } from './ports.ts';
import { makeDataFolder } from './private-files.ts';
import { type RunningPostgres, startPostgres } from './postgres.ts';
import { type ChildProcess, startChild, stopGroup } from './processes.ts';
import { cleanWranglerHome, localWrangler } from './wrangler.ts';

const READY_TIMEOUT_MS = 60_000;
const READY_POLL_MS = 50;
/** Ports after the default one to try. */
const MAX_FALLBACK_PORTS = 20;

/** Prints a line. `source` is the part of the system. */
export type Report = (source: string, line: string) => void;

/** The processes of a local system. Call `stop` also after `start` failed. */
export class DevSystem {
  readonly #options: DevOptions;
  readonly #report: Report;
  #lock: DevLock | undefined;
  #postgres: RunningPostgres | undefined;
  #worker: ChildProcess | undefined;
  #cron: CronTicker | undefined;
  #stopping = false;

  constructor(options: DevOptions, report: Report) {
    this.#options = options;
    this.#report = report;
  }

  /**
   * @returns the port and, with a mirror, the connection string of Postgres
   * @throws a readable `Error`; then call `stop`
   */
  async start(): Promise<{ port: number; postgresUrl: string | undefined; workerEnded: Promise<unknown> }> {
    const { persistTo, mirror, cronSeconds } = this.#options;
    makeDataFolder(persistTo);
    this.#lock = await lockFolder(persistTo, (line) => this.#report('dev', line));
    await cleanWranglerHome(persistTo);
    const port = await choosePort(this.#options, (line) => this.#report('dev', line));

    // Starts both in parallel and waits for both, so that `stop` finds no half-started process.
    const postgres = mirror ? this.#startPostgres() : Promise.resolve(undefined);
    const d1 = this.#migrateD1();
    await Promise.allSettled([postgres, d1]);
    const [url, raw] = await Promise.all([postgres, d1]);
    if (this.#stopping) throw new Error('Stopped.');

    const config = await writeDevConfig({ raw, persistTo, postgresUrl: url, env: process.env });
    const worker = await this.#startWorker(config, port);
    this.#cron = startCron(`http://127.0.0.1:${port}`, cronSeconds, (line) => this.#report('cron', line));
    return { port, postgresUrl: url, workerEnded: worker.ended };
  }

  /** Stops the Worker first, because it uses the database. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#cron?.stop();
    if (this.#worker !== undefined) await stopGroup(this.#worker.pid);
    await this.#postgres?.stop();
    await this.#lock?.release();
  }

  async #startPostgres(): Promise<string> {
    const since = Date.now();
    this.#postgres = await startPostgres({
      dataDir: path.join(this.#options.persistTo, 'postgres'),
      log: (line) => {
        if (/ (ERROR|FATAL|PANIC): /.test(line) && !line.includes('the database system is'))
          this.#report('postgres', line);
      },
    });
    void this.#postgres.ended.then(() => {
      if (!this.#stopping)
        this.#report('postgres', 'Postgres has ended. The mirror fails until the next start.');
      return undefined;
    });
    const { connectionString, dataDir } = this.#postgres;
    if (!dataDir.startsWith(await realpath(this.#options.persistTo))) {
      this.#report(
        'dev',
        `Postgres does not run as root. Another user runs it, with its data in ${dataDir}.`,
      );
    }
    if (!this.#stopping) await migratePostgres(connectionString, process.env['MIRROR_SCHEMA']);
    this.#report('dev', `Postgres 18 is ready and migrated (${formatSeconds(since)}).`);
    return connectionString;
  }

  /** @returns wrangler.toml */
  async #migrateD1(): Promise<Record<string, unknown>> {
    const since = Date.now();
    const raw = await readWranglerToml();
    await migrateLocalD1({ raw, home: this.#options.persistTo, data: this.#wranglerData });
    this.#report('dev', `D1 is migrated (${formatSeconds(since)}).`);
    return raw;
  }

  async #startWorker(config: string, port: number): Promise<ChildProcess> {
    const since = Date.now();
    const args = [
      'dev',
      '--config',
      config,
      '--ip',
      '127.0.0.1',
      '--port',
      String(port),
      '--inspector-port',
      '0',
    ];
    const quiet = ['--show-interactive-dev-session', 'false', '--log-level', 'warn'];
    this.#worker = startChild(
      localWrangler([...args, '--persist-to', this.#wranglerData, ...quiet], {
        home: this.#options.persistTo,
        onLine: (line) => this.#report('worker', line),
      }),
    );
    const group = this.#worker.pid;
    await this.#lock?.record({ group });
    await untilHealthy(this.#worker, port, () => this.#stopping);
    await this.#lock?.record({ group, origin: `http://localhost:${port}` });
    this.#report('dev', `The Worker is ready (${formatSeconds(since)}).`);
    return this.#worker;
  }

  get #wranglerData(): string {
    return path.join(this.#options.persistTo, 'wrangler');
  }
}

async function choosePort({ port, portIsGiven }: DevOptions, log: (line: string) => void): Promise<number> {
  if (port === 0) return freePort();
  if (await isPortFree(port)) return port;
  if (portIsGiven) throw new Error(`Port ${port} is in use. Choose another with --port, or 0 for any.`);
  for (let next = port + 1; next <= port + MAX_FALLBACK_PORTS; next++) {
    if (await isPortFree(next)) {
      log(`Port ${port} is in use. Using ${next}.`);
      return next;
    }
  }
  throw new Error(
    `Ports ${port} to ${port + MAX_FALLBACK_PORTS} are in use. Choose another with --port, or 0 for any.`,
  );
}

async function untilHealthy(worker: ChildProcess, port: number, isStopping: () => boolean): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  let ended = false;
  void worker.ended.then(() => (ended = true));
  while (!(await isHealthy(port))) {
    if (isStopping()) throw new Error('Stopped.');
    if (ended) throw new Error('The Worker did not start. See its messages above.');
    if (Date.now() > deadline)
      throw new Error(`The Worker was not ready within ${READY_TIMEOUT_MS / 1000} s.`);
    await sleep(READY_POLL_MS);
  }
}

async function isHealthy(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(5_000) });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    // Refused, reset or slow: not ready.
    return false;
  }
}

function formatSeconds(since: number): string {
  return `${((Date.now() - since) / 1_000).toFixed(1)} s`;
}
