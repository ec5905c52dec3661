import type { Benchmark, Figure, Subject, Unit } from '../lib/benchmark.ts';
import { together } from '../lib/together.ts';
import { type Measured, measure } from './measure.ts';
import { billed, invoice, listPrice, MESSAGES_A_REQUEST, PRICES_SOURCE } from './prices.ts';
import * as profile from './profile.ts';
import { IDLE_SOCKETS } from './scenes.ts';
import { SLOW_EVENT_MS, sum, times, type Usage } from './usage.ts';

const IDLE_S = 10 * 60;
const MILLION = 1_000_000;

const measured = together(async (options) => {
  const all = await measure(options);
  return {
    month: all.map(monthOf),
    silent: all.map((one) => idleOf(one, one.idle.silent)),
    clients: all.map((one) => idleOf(one, one.idle.clients)),
  };
});

const figure = (
  key: string,
  title: string,
  unit: Unit,
  digits: number,
  better: Figure['better'] = 'lower',
): Figure => ({ key, title, unit, better, digits });

const EVENTS_TAKE = `if each event took ${SLOW_EVENT_MS} ms`;
const AWAKE = `An object is awake while it handles something, and while it has a timer or a socket of the standard API; one that could hibernate is not billed. Locally an event takes a fraction of a millisecond; Cloudflare's own example assumes ${SLOW_EVENT_MS} ms.`;
const SOURCES = `Prices of the Workers Paid plan, read ${PRICES_SOURCE.read}: ${PRICES_SOURCE.durableObjects}, ${PRICES_SOURCE.workers}, ${PRICES_SOURCE.d1}.`;

const IDLE_METHOD = `for ${IDLE_S / 60} minutes, counted over a steady part of that time. ${AWAKE} ${SOURCES}`;
const IDLE_FIGURES: readonly Figure[] = [
  figure('awake', 'awake', 's', 2),
  figure('slowAwake', `awake ${EVENTS_TAKE}`, 's', 1),
  figure('messages', 'messages received', 'count', 0),
  figure('requests', 'object requests billed', 'count', 1),
  figure('rowsWritten', 'rows written', 'rows', 0),
  figure('listPrice', 'list price of 1,000 such rooms', '$', 4),
];

/** All are of one run, whichever is asked for first. */
export const costBenchmarks: readonly Benchmark[] = [
  {
    name: `cost: a month of ${profile.DAILY_USERS.toLocaleString('en-US')} daily users`,
    method: [
      `What Cloudflare would bill in ${profile.DAYS_A_MONTH} days, counted in workerd in rooms with real clients and multiplied for this profile.`,
      `Each user has ${profile.SESSIONS_A_DAY} sessions of ${profile.SESSION_S / 60} minutes a day, ${profile.PEOPLE_A_ROOM} clients in a room.`,
      `In a session one of them types ${profile.BURSTS_A_SESSION} times for ${profile.BURST_S} s, ${profile.KEYSTROKES_A_MINUTE} keystrokes a minute, each an update and a cursor movement, and is then idle for ${profile.QUIET_AFTER_BURST_S} s;`,
      `for the rest of the session both move their cursors ${profile.CURSOR_MOVES_A_MINUTE} times a minute.`,
      `A user creates ${profile.NEW_ROOMS_A_DAY} room a day and keeps ${profile.ROOMS_KEPT} rooms of that size.`,
      `Roomkeeper's sockets end with their tokens, so its clients reconnect (reconnections a session: ${profile.RECONNECTS_A_SESSION}).`,
      `"All" includes, for Roomkeeper only, ${profile.TOKENS_A_SESSION} tokens a session, a sign-in every ${profile.DAYS_A_SIGN_IN} days, a dashboard that is open once a day for ${profile.DASHBOARD_S} s, and the cron.`,
      `List price means that the plan includes nothing, so it is the cost of a thousand more users. ${MESSAGES_A_REQUEST} messages are one request. ${AWAKE}`,
      `Not included: CPU of the Worker, D1's storage, versions of documents. ${SOURCES}`,
    ].join(' '),
    figures: [
      figure('sync', 'sync at list price', '$', 2),
      figure('slowSync', `sync ${EVENTS_TAKE}`, '$', 2),
      figure('all', 'all at list price', '$', 2, null),
      figure('invoice', 'invoice of an account with nothing else', '$', 2, null),
      figure('workerRequests', 'Worker requests, millions', 'count', 2, null),
      figure('objectRequests', 'object requests, millions', 'count', 2),
      figure('gbSeconds', 'duration, thousand GB-s', 'count', 1),
      figure('rowsRead', 'rows read in objects, millions', 'count', 1),
      figure('rowsWritten', 'rows written in objects, millions', 'count', 2),
      figure('d1RowsRead', 'rows read in D1, millions', 'count', 1, null),
      figure('d1RowsWritten', 'rows written in D1, millions', 'count', 2, null),
      figure('storedGb', 'stored, GB', 'count', 2),
    ],
    run: measured('month'),
  },
  {
    name: 'cost: an idle room of silent sockets',
    method: `${IDLE_SOCKETS} open sockets without messages, ${IDLE_METHOD}`,
    figures: IDLE_FIGURES,
    run: measured('silent'),
  },
  {
    name: 'cost: an idle room of clients',
    method: `${IDLE_SOCKETS} clients with a cursor that does not move, ${IDLE_METHOD} Clients of y-websocket renew their awareness every 15 s, and each sends back what it receives about the others.`,
    figures: IDLE_FIGURES,
    run: measured('clients'),
  },
];

function monthOf({ server, pieces }: Measured): Subject {
  const sync = profile.monthOfSync(pieces);
  const gb = profile.storedGb(pieces);
  const all = billed(sum(sync, profile.monthAround(pieces)), gb);
  return {
    ...server,
    values: {
      sync: [listPrice(billed(sync, gb))],
      slowSync: [listPrice(billed(sync, gb, sync.slowAwakeSeconds))],
      all: [listPrice(all)],
      invoice: [invoice(all)],
      workerRequests: [all.workerRequests / MILLION],
      objectRequests: [all.objectRequests / MILLION],
      gbSeconds: [all.gbSeconds / 1_000],
      rowsRead: [all.rowsRead / MILLION],
      rowsWritten: [all.rowsWritten / MILLION],
      d1RowsRead: [all.d1RowsRead / MILLION],
      d1RowsWritten: [all.d1RowsWritten / MILLION],
      storedGb: [gb],
    },
  };
}

function idleOf({ server }: Measured, second: Usage): Subject {
  const whole = times(second, IDLE_S);
  const amounts = billed(whole, 0);
  return {
    ...server,
    values: {
      awake: [whole.awakeSeconds],
      slowAwake: [whole.slowAwakeSeconds],
      messages: [whole.messages],
      requests: [amounts.objectRequests],
      rowsWritten: [amounts.rowsWritten + amounts.d1RowsWritten],
      listPrice: [listPrice(amounts) * 1_000],
    },
  };
}
