import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HOLD_MS } from '../../src/lib/refusal-limits.ts';
import { CLIENT_VERSIONS, type ClientVersion } from '../clients/messages.ts';
import {
  endClients,
  isRefused,
  type RunningClient,
  startClient,
  type Upgrade,
} from '../support/client-version.ts';
import { killLeftovers } from '../support/dev-process.ts';
import { removeFolder, startSystem } from '../support/system.ts';
import { IMMEDIATE, LATER, LIMIT_VARIABLES, type Refusal, type Refused } from './refusal-cases.ts';
import { migratedFolder } from '../system/site.ts';

/** How long clients are watched after they were refused for the first time, and how often each may come in all. */
const WATCHED_MS = 20_000;
const MAX_UPGRADES = 10;
/** The newest version stops, so it must learn the code soon. */
const LEARNS_WITHIN_MS = 1_000;

/** Stops on codes from 4400 to 4499. */
const NEWEST = 'y-websocket-3.1';
const OTHERS = CLIENT_VERSIONS.filter((version) => version !== NEWEST);

const REFUSALS = [...IMMEDIATE, ...LATER];

const clients = new Map<Refusal, readonly RunningClient[]>();
let folder: string;

/** All cases at once: most of it is waiting. */
beforeAll(async () => {
  folder = await migratedFolder();
  const system = await startSystem({ persistTo: folder, mirror: false, env: LIMIT_VARIABLES });
  const site = { ...system, folder };
  // Those that are let in connect before the others come again and again.
  const letIn = await inTurn(LATER, async (refusal) => {
    const refused = await refusal.prepare(site);
    await startAll(refusal, refused, CLIENT_VERSIONS);
    await Promise.all(clientsOf(refusal).map((client) => client.synced()));
    return { refusal, refused };
  });
  const others = await Promise.all(
    IMMEDIATE.map(async (refusal) => ({ refusal, refused: await refusal.prepare(site) })),
  );
  // One by one, because it is timed.
  await inTurn(others, async ({ refusal, refused }) => {
    await startAll(refusal, refused, [NEWEST]);
    await allRefused(refusal);
  });
  await Promise.all([
    ...others.map(({ refusal, refused }) => startAll(refusal, refused, OTHERS)),
    ...letIn.map(({ refusal, refused }) => refused.provoke?.(clientsOf(refusal))),
  ]);
  await Promise.all(REFUSALS.map(allRefused));
  await sleep(WATCHED_MS);
  console.log(figures());
});

afterAll(async () => {
  await endClients();
  await killLeftovers();
  await removeFolder(folder);
});

async function inTurn<Item, Result>(
  items: readonly Item[],
  act: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const item of items) results.push(await act(item));
  return results;
}

/** Each version by itself: a user agent of its own, as browsers have. */
async function startAll(
  refusal: Refusal,
  { serverUrl, room, options }: Refused,
  versions: readonly ClientVersion[],
): Promise<void> {
  const started = versions.map((version) =>
    startClient(version, serverUrl, room, { ...options, headers: { 'user-agent': version } }),
  );
  clients.set(refusal, [...clientsOf(refusal), ...(await Promise.all(started))]);
}

async function allRefused(refusal: Refusal): Promise<void> {
  await Promise.all(clientsOf(refusal).map((client) => client.refused()));
}

function newestOf(refusal: Refusal): RunningClient | undefined {
  return clientsOf(refusal).find(({ version }) => version === NEWEST);
}

function clientsOf(refusal: Refusal): readonly RunningClient[] {
  return clients.get(refusal) ?? [];
}

/** The upgrades of a client from the first refused one on, until `WATCHED_MS` after its refusal. */
function comings({ upgrades }: RunningClient): readonly Upgrade[] {
  const first = upgrades.findIndex(isRefused);
  const until = (upgrades[first]?.closed?.at ?? 0) + WATCHED_MS;
  return upgrades.slice(first).filter(({ startedAt }) => startedAt < until);
}

/** From the first upgrade that is refused to the moment in which the client learns it, in milliseconds. */
function learnedAfter(client: RunningClient): number {
  const [first] = comings(client);
  return (first?.closed?.at ?? Infinity) - (first?.startedAt ?? 0);
}

/** For docs/reference/websocket.md. */
function figures(): string {
  return REFUSALS.map((refusal) => {
    const counts = clientsOf(refusal).map((client) => `${client.version} ${comings(client).length}`);
    const newest = newestOf(refusal);
    const learned = newest === undefined ? '' : `, learned after ${learnedAfter(newest)} ms`;
    return `${refusal.code} ${refusal.what}: ${counts.join(', ')}${learned}`;
  }).join('\n');
}

describe.each(REFUSALS)('$what', (refusal) => {
  const { code, later } = refusal;

  test.each(CLIENT_VERSIONS)(
    `brings an unmodified client to at most ${MAX_UPGRADES} upgrades in ${WATCHED_MS / 1000} s, the first closed with ${code}: %s`,
    (version) => {
      const client = clientsOf(refusal).find((one) => one.version === version);
      const upgrades = client === undefined ? [] : comings(client);
      expect(upgrades.length).toBeLessThanOrEqual(MAX_UPGRADES);
      const [first, ...others] = upgrades.flatMap(({ closed }) => closed?.code ?? []);
      expect(first).toBe(code);
      for (const one of others) expect([code, later]).toContain(one);
    },
  );

  test(`stops ${NEWEST}, unless another attempt may succeed`, () => {
    const newest = newestOf(refusal);
    const codes = newest?.upgrades.filter(isRefused).map(({ closed }) => closed?.code);
    if (code === 4511) expect(codes).toEqual([4511, 4401]);
    else if (code !== 1013) expect(codes).toEqual([code]);
    if (code !== 1013) expect(newest?.upgrades.at(-1)?.closed).not.toBeNull();
  });
});

test(`${NEWEST} learns why it is refused within ${LEARNS_WITHIN_MS / 1000} s, and is not held before`, () => {
  const times = IMMEDIATE.flatMap((refusal) => newestOf(refusal) ?? [])
    .map(learnedAfter)
    .toSorted((one, other) => one - other);
  // A busy machine may be late for some of them; a Worker that holds them is for all.
  expect(times.at(-1)).toBeLessThan(HOLD_MS);
  expect(times[Math.floor(times.length / 2)]).toBeLessThan(LEARNS_WITHIN_MS);
});
