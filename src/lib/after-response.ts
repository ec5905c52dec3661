import type { MiddlewareHandler } from 'hono';
import { describeError } from './log-text.ts';

/** Work that a response must not wait for: pushed while it is made, drained by `waitUntil` once it is. */
export interface AfterResponseQueue {
  /** Adds a task. It starts when the queue is drained. `name` is what its failure is logged under. */
  push(name: string, task: () => Promise<unknown>): void;
  /**
   * Runs every task, those pushed meanwhile included, from the next turn of the event loop on: to be called when the
   * response is made, which then leaves first. Never rejects: a failure is logged.
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
      // A task that began at once would take its time from the response: bench/registry/writes.ts told it by 4 ms.
      await new Promise((resolve) => setTimeout(resolve, 0));
      while (tasks.length > 0) {
        const batch = tasks;
        tasks = [];
        // `async` so that a task that throws before its first await is settled like any other.
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

/** Gives a request its queue, and drains it once the response is made. */
export const runAfterResponse: MiddlewareHandler<{
  Variables: { afterResponse: AfterResponseQueue };
}> = async (c, next) => {
  const queue = createAfterResponseQueue();
  c.set('afterResponse', queue);
  await next();
  c.executionCtx.waitUntil(queue.drain());
};
