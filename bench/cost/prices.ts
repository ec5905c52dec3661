import type { Usage } from './usage.ts';

/** A price of the Workers Paid plan: dollars per N units, and the units that a month includes. */
interface Price {
  readonly dollars: number;
  readonly per: number;
  readonly included: number;
  /** Whether what is beyond the included is billed in whole units of `per`. */
  readonly roundsUp: boolean;
}

const MILLION = 1_000_000;

/**
 * Cloudflare's, as its documentation said when it was read. Each was found in that page's own text or its source
 * (github.com/cloudflare/cloudflare-docs), not in the live page: look there before you rely on one.
 */
export const PRICES_SOURCE = {
  read: '2026-11-21',
  durableObjects: 'https://developers.cloudflare.com/durable-objects/platform/pricing/',
  workers: 'https://developers.cloudflare.com/workers/platform/pricing/',
  d1: 'https://developers.cloudflare.com/d1/platform/pricing/',
} as const;

/** Of the Workers Paid plan, dollars a month and account. */
const SUBSCRIPTION = 5;

/** "Durable Objects pricing", footnote 2: received messages per billed request. */
export const MESSAGES_A_REQUEST = 20;

/** Footnote 5: an object is billed for 128 MB whatever it uses. The page's examples take 1 GB as 1,000 MB. */
const OBJECT_GB = 0.128;

const PRICES = {
  workerRequests: { dollars: 0.3, per: MILLION, included: 10 * MILLION, roundsUp: false },
  objectRequests: { dollars: 0.15, per: MILLION, included: MILLION, roundsUp: true },
  gbSeconds: { dollars: 12.5, per: MILLION, included: 400_000, roundsUp: true },
  rowsRead: { dollars: 0.001, per: MILLION, included: 25_000 * MILLION, roundsUp: true },
  rowsWritten: { dollars: 1, per: MILLION, included: 50 * MILLION, roundsUp: true },
  storedGb: { dollars: 0.2, per: 1, included: 5, roundsUp: false },
  d1RowsRead: { dollars: 0.001, per: MILLION, included: 25_000 * MILLION, roundsUp: false },
  d1RowsWritten: { dollars: 1, per: MILLION, included: 50 * MILLION, roundsUp: false },
} as const satisfies Record<string, Price>;

/** What is billed of a month's usage, in the units of `PRICES`. */
export type Billed = Readonly<Record<keyof typeof PRICES, number>>;

/** @param storedGb in the objects, all month long */
export function billed(usage: Usage, storedGb: number, awakeSeconds = usage.awakeSeconds): Billed {
  return {
    workerRequests: usage.workerRequests,
    objectRequests: usage.objectRequests + usage.messages / MESSAGES_A_REQUEST,
    gbSeconds: awakeSeconds * OBJECT_GB,
    rowsRead: usage.rowsRead,
    rowsWritten: usage.rowsWritten,
    storedGb,
    d1RowsRead: usage.d1RowsRead,
    d1RowsWritten: usage.d1RowsWritten,
  };
}

/** Dollars, were nothing included: what a user more costs an account that is beyond all that is included. */
export function listPrice(amounts: Billed): number {
  return total(amounts, ({ dollars, per }, amount) => (amount / per) * dollars);
}

/** Dollars on the invoice of an account that has this usage in a month and no other. */
export function invoice(amounts: Billed): number {
  const beyond = total(amounts, ({ dollars, per, included, roundsUp }, amount) => {
    const units = Math.max(0, amount - included) / per;
    return (roundsUp ? Math.ceil(units) : units) * dollars;
  });
  return SUBSCRIPTION + beyond;
}

function total(amounts: Billed, dollarsOf: (price: Price, amount: number) => number): number {
  const prices: Record<keyof Billed, Price> = PRICES;
  return keys.reduce((sum, key) => sum + dollarsOf(prices[key], amounts[key]), 0);
}

const keys: readonly (keyof Billed)[] = [
  'workerRequests',
  'objectRequests',
  'gbSeconds',
  'rowsRead',
  'rowsWritten',
  'storedGb',
  'd1RowsRead',
  'd1RowsWritten',
];
