import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../test/support/until.ts';
import type { Accounts } from './accounts.ts';
import { CURSOR_MOVES_A_MINUTE, KEYSTROKES_A_MINUTE, type Pieces } from './profile.ts';
import type { MeteredServer, Statement } from './server.ts';
import { between, NOTHING, times, type Usage } from './usage.ts';
import { openSilently } from './silent-socket.ts';
import type { Visitor } from './visitor.ts';

/** How long each part takes, in seconds. */
export interface Plan {
  readonly burst: number;
  readonly quietAfterBurst: number;
  /** From the making of a room until it is as any other. */
  readonly settle: number;
  /** How long a room is watched in which nothing else happens. */
  readonly watch: number;
  /** How long a room is given for what comes of one who leaves. */
  readonly pause: number;
  /** How many rooms he has whose dashboard is looked at. */
  readonly rooms: number;
  /** Whether `watch` is so long that a room must have hibernated. */
  readonly canHibernate: boolean;
}

/** Cost of an idle room per second. */
export interface Idle {
  readonly silent: Usage;
  readonly clients: Usage;
}

/** Sockets of the idle rooms. */
export const IDLE_SOCKETS = 10;
/** They come one after the other over so long: clients that renew their awareness do so each 15 s. */
const ARRIVE_WITHIN_S = 15;
const ROUNDS = 10;

/** The room that is made, opened, written in and left. */
export async function session(
  server: MeteredServer,
  plan: Plan,
): Promise<Pick<Pieces, 'create' | 'open' | 'burst' | 'close' | 'storedBytes'>> {
  const room = 'session';
  const author = await server.visit(room);
  author.type('hello ');
  await sleep(plan.pause * 1_000);
  author.leave();
  await sleep(plan.pause * 1_000);
  const created = await server.statement(room);
  const [writer, reader] = [await server.visit(room), await server.visit(room)];
  await meet([writer, reader]);
  await sleep(plan.pause * 1_000);
  const opened = await server.statement(room);
  const keystrokes = (plan.burst * KEYSTROKES_A_MINUTE) / 60;
  for (let typed = 0; typed < keystrokes; typed++) {
    await sleep(60_000 / KEYSTROKES_A_MINUTE);
    writer.type('x');
    writer.moveCursor();
  }
  const wanted = writer.text();
  await until('what was typed', () => (reader.text() === wanted ? true : undefined));
  await sleep(plan.quietAfterBurst * 1_000);
  const written = await server.statement(room);
  // Each is an update, a cursor, and what the other's client says of that.
  if (written.messages - opened.messages < 2 * keystrokes) throw new Error('messages are not counted');
  writer.leave();
  reader.leave();
  await sleep(plan.pause * 1_000);
  const left = await server.statement(room);
  const late = await server.visit(room);
  if (late.text() !== wanted) throw new Error('the room has another text than was typed');
  late.leave();
  return {
    create: created,
    open: between(created, opened),
    burst: between(opened, written),
    close: between(written, left),
    storedBytes: left.storedBytes,
  };
}

/** The room in which two read. */
export async function reading(
  server: MeteredServer,
  plan: Plan,
): Promise<Pick<Pieces, 'readSecond' | 'reconnect'>> {
  const room = 'reading';
  const readers = [await server.visit(room), await server.visit(room)];
  await meet(readers);
  const over = new AbortController();
  const moving = readers.map(async (reader) => {
    while (!over.signal.aborted) {
      reader.moveCursor();
      await sleep(60_000 / CURSOR_MOVES_A_MINUTE, null, { signal: over.signal }).catch(() => null);
    }
  });
  await sleep(plan.settle * 1_000);
  const readSecond = await watched(server, room, plan);
  over.abort();
  await Promise.all(moving);
  // Only where sockets end with a token is there a reason to.
  const reconnect = server.accounts === null ? NOTHING : await reconnecting(server, room, readers, plan);
  for (const reader of readers) reader.leave();
  return { readSecond, reconnect };
}

async function reconnecting(
  server: MeteredServer,
  room: string,
  people: readonly Visitor[],
  plan: Plan,
): Promise<Usage> {
  const before = await server.statement(room);
  await people[0]?.reconnect();
  // Awareness that was taken back is taken for old until it changes.
  for (const visitor of people) visitor.moveCursor();
  await meet(people);
  await sleep(plan.pause * 1_000);
  return between(before, await server.statement(room));
}

/** A room with sockets over which nothing is said. */
export async function silence(server: MeteredServer, plan: Plan): Promise<Usage> {
  const room = 'silence';
  const sockets = await Promise.all(
    Array.from({ length: IDLE_SOCKETS }, () => openSilently(server.url(room))),
  );
  await sleep(plan.settle * 1_000);
  const before = await server.statement(room);
  const second = await watched(server, room, plan);
  // What the meter takes for a room that could hibernate must have done so.
  await sockets[0]?.ask();
  const after = await server.statement(room);
  if (plan.canHibernate && second.awakeSeconds < 0.5 && after.lives === before.lives) {
    throw new Error('the room was kept awake by something that is not counted');
  }
  for (const socket of sockets) socket.close();
  return second;
}

/** A room in which as many clients are as they come, with a cursor that does not move. */
export async function crowd(server: MeteredServer, plan: Plan): Promise<Usage> {
  const room = 'crowd';
  const startedAt = performance.now();
  const people = await Promise.all(
    Array.from({ length: IDLE_SOCKETS }, async (_, index) => {
      await sleep((Math.min(ARRIVE_WITHIN_S, plan.settle / 2) * 1_000 * index) / IDLE_SOCKETS);
      const visitor = await server.visit(room);
      visitor.moveCursor();
      return visitor;
    }),
  );
  await meet(people);
  await sleep(Math.max(0, plan.settle * 1_000 - (performance.now() - startedAt)));
  const second = await watched(server, room, plan);
  await meet(people);
  for (const visitor of people) visitor.leave();
  return second;
}

/** What Roomkeeper is asked beside sync, each the mean of some; the first of each meets what no other does, and is left out. */
export async function around(server: MeteredServer, plan: Plan): Promise<Pieces['around']> {
  const { accounts } = server;
  if (accounts === null) return null;
  await accounts.makeRooms(plan.rooms);
  await sleep(plan.settle * 1_000);
  const mean = async (piece: Exclude<keyof Accounts, 'makeRooms' | 'signIn'>): Promise<Usage> => {
    await accounts[piece]();
    const before = await server.statement(piece);
    for (let round = 0; round < ROUNDS; round++) await accounts[piece]();
    return times(between(before, await server.statement(piece)), 1 / ROUNDS);
  };
  // One sign-in alone: many from one address are refused.
  await accounts.signIn();
  const token = await mean('token');
  if (token.d1RowsRead === 0) throw new Error('rows read in D1 are not counted');
  return {
    signIn: await server.statement('signIn'),
    token,
    openDashboard: await mean('openDashboard'),
    askDashboard: await mean('askDashboard'),
    cron: await mean('cron'),
  };
}

/** A second of a room, by how long the plan says to watch. */
async function watched(server: MeteredServer, room: string, plan: Plan): Promise<Usage> {
  const before: Statement = await server.statement(room);
  const from = performance.now();
  await sleep(plan.watch * 1_000);
  const after: Statement = await server.statement(room);
  return times(between(before, after), 1_000 / (performance.now() - from));
}

/** Settles once everybody sees everybody. */
async function meet(people: readonly Visitor[]): Promise<void> {
  await until('everybody to see everybody', () =>
    people.every((visitor) => visitor.sees() === people.length) ? true : undefined,
  );
}
