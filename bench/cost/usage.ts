/** What Cloudflare counts, before any price. Stands for a piece of work, or for a month of them. */
export interface Usage {
  /** HTTP requests that reach the Worker, upgrades and cron events included. */
  readonly workerRequests: number;
  /** What a Durable Object is asked: requests, upgrades, RPC calls, alarms. */
  readonly objectRequests: number;
  /** WebSocket messages that objects receive. */
  readonly messages: number;
  /** While an object runs or cannot hibernate. */
  readonly awakeSeconds: number;
  /** The same if nothing that an object handles took less than `SLOW_EVENT_MS`. */
  readonly slowAwakeSeconds: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly d1RowsRead: number;
  readonly d1RowsWritten: number;
}

/** What Cloudflare's example of hibernating WebSockets takes for one message ("Durable Objects pricing", example 4). */
export const SLOW_EVENT_MS = 10;

export const NOTHING: Usage = {
  workerRequests: 0,
  objectRequests: 0,
  messages: 0,
  awakeSeconds: 0,
  slowAwakeSeconds: 0,
  rowsRead: 0,
  rowsWritten: 0,
  d1RowsRead: 0,
  d1RowsWritten: 0,
};

export const sum = (...usages: readonly Usage[]): Usage =>
  usages.reduce((left, right) => combine(left, right, (a, b) => a + b), NOTHING);

export const times = (usage: Usage, factor: number): Usage =>
  combine(usage, usage, (value) => value * factor);

/** What came between two readings of the same meter. */
export const between = (before: Usage, after: Usage): Usage => combine(before, after, (a, b) => b - a);

function combine(left: Usage, right: Usage, of: (a: number, b: number) => number): Usage {
  return {
    workerRequests: of(left.workerRequests, right.workerRequests),
    objectRequests: of(left.objectRequests, right.objectRequests),
    messages: of(left.messages, right.messages),
    awakeSeconds: of(left.awakeSeconds, right.awakeSeconds),
    slowAwakeSeconds: of(left.slowAwakeSeconds, right.slowAwakeSeconds),
    rowsRead: of(left.rowsRead, right.rowsRead),
    rowsWritten: of(left.rowsWritten, right.rowsWritten),
    d1RowsRead: of(left.d1RowsRead, right.d1RowsRead),
    d1RowsWritten: of(left.d1RowsWritten, right.d1RowsWritten),
  };
}
