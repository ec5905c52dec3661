import type { MiddlewareHandler } from 'hono';
import { describeError } from './log-text.ts';

/** Work that runs after the response. Handlers push tasks; `waitUntil` drains the queue. */
export interface AfterResponseQueue {
  /** Adds a task, which starts when the queue is drained. A failure is logged with `name`. */
  push(name: string, task: () => Promise<unknown>): void;
  /**
   * Runs every task, also those pushed in the meantime. Starts in the next turn of the event loop, so that the response is sent
   * first. Never rejects: failures are logged.
   */
  drain(): Promise<void>;
}

/** @param log receives one record for each failed task */
export function createAfterResponseQueue(
  log: (record: { event: string; task: string; error: string }) => void = (record) => console.error(record),
): AfterResponseQueue {
  let tasks: { name: string; task: () => Promise<unknown> }[] = [];

  return {
    push(name, task) {
      tasks.push({ name, task });
    },
    async drain() {
      if (tasks.length === 0) return;
      // A task that starts at once delays the response: bench/registry/writes.ts measured 4 ms.
      await new Promise((resolve) => setTimeout(resolve, 0));
      while (tasks.length > 0) {
        const batch = tasks;
        tasks = [];
        // `async`, so that a task that throws before its first await is settled too.
        const settled = await Promise.allSettled(batch.map(async ({ task }) => task()));
        settled.forEach((result, index) => {
          if (result.status === 'rejected') {
            log({
              event: 'after_response_task_failed',
              task: batch[index]?.name ?? 'unknown',
              error: describeError(result.reason),
            });
          }
        });
      }
    },
  };
}

/** Creates the queue of a request and drains it after the response. */
export const runAfterResponse: MiddlewareHandler<{
  Variables: { afterResponse: AfterResponseQueue };
}> = async (c, next) => {
  const queue = createAfterResponseQueue();
  c.set('afterResponse', queue);
  await next();
  c.executionCtx.waitUntil(queue.drain());
};
