/** A tick takes at most as long as the platform allows a cron trigger: 15 minutes. */
const TICK_TIMEOUT_MS = 15 * 60_000;

export interface CronTicker {
  stop(): void;
}

/**
 * Fires one cron event now; wrangler serves this route and fires none by itself.
 * @throws where the handler failed or could not be reached
 */
export async function fireCron(origin: string, signal?: AbortSignal): Promise<void> {
  const response = await fetch(`${origin}/cdn-cgi/local/scheduled?cron=*+*+*+*+*`, {
    signal: signal ?? null,
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(`The cron handler returned ${response.status}: ${answer.slice(0, 200)}`);
}

/** Fires the cron now and then every `seconds`, one run at a time. Logs the first failure and the recovery. */
export function startCron(origin: string, seconds: number, log: (line: string) => void): CronTicker {
  const stopped = new AbortController();
  let works = true;
  let timer: NodeJS.Timeout | undefined;

  async function tick(): Promise<void> {
    try {
      await fireCron(origin, AbortSignal.any([stopped.signal, AbortSignal.timeout(TICK_TIMEOUT_MS)]));
      if (!works) log('works again');
      works = true;
    } catch (error) {
      if (works && !stopped.signal.aborted)
        log(`The cron fails. Retrying every ${seconds} s: ${String(error)}`);
      works = false;
    }
    if (!stopped.signal.aborted) timer = setTimeout(() => void tick(), seconds * 1_000);
  }
  void tick();
  return {
    stop() {
      stopped.abort();
      clearTimeout(timer);
    },
  };
}
