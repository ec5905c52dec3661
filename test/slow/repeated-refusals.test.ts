import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HOLD_MS } from '../../src/lib/refusals/refusal-limits.ts';
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

/** The observed time after the first refusal of a client, and its maximum of upgrades in that time. */
const OBSERVED_MS = 20_000;
const MAX_UPGRADES = 10;
/** The newest version stops reconnecting, so it must receive the code soon. */
const MAX_TYPICAL_REFUSAL_MS = 1_000;

/** Stops on codes from 4400 to 4499. */
const NEWEST = 'y-websocket-3.1';
const OTHERS = CLIENT_VERSIONS.filter((version) => version !== NEWEST);

const REFUSALS = [...IMMEDIATE, ...LATER];

const clients = new Map<Refusal, readonly RunningClient[]>();
let folder: string;

/** Runs all cases concurrently, because they mostly wait. */
beforeAll(async () => {
  folder = await migratedFolder();
  const system = await startSystem({ persistTo: folder, mirror: false, env: LIMIT_VARIABLES });
  const site = { ...system, folder };
  // Accepted clients connect before the refused ones load the machine.
  const accepted = await runSequentially(LATER, async (refusal) => {
    const refused = await refusal.prepare(site);
    await startAll(refusal, refused, CLIENT_VERSIONS);
    await Promise.all(getClients(refusal).map((client) => client.synced()));
    return { refusal, refused };
  });
  const others = await Promise.all(
    IMMEDIATE.map(async (refusal) => ({ refusal, refused: await refusal.prepare(site) })),
  );
  // Sequentially, because the time is measured.
  await runSequentially(others, async ({ refusal, refused }) => {
    await startAll(refusal, refused, [NEWEST]);
    await waitUntilRefused(refusal);
  });
  await Promise.all([
    ...others.map(({ refusal, refused }) => startAll(refusal, refused, OTHERS)),
    ...accepted.map(({ refusal, refused }) => refused.provoke?.(getClients(refusal))),
  ]);
  await Promise.all(REFUSALS.map(waitUntilRefused));
  await sleep(OBSERVED_MS);
  console.log(formatResults());
});

afterAll(async () => {
  await endClients();
  await killLeftovers();
  await removeFolder(folder);
});

async function runSequentially<Item, Result>(
  items: readonly Item[],
  act: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const item of items) results.push(await act(item));
  return results;
}

/** Starts a client of each version, with a user agent of its own as browsers have. */
async function startAll(
  refusal: Refusal,
  { serverUrl, room, options }: Refused,
  versions: readonly ClientVersion[],
): Promise<void> {
  const started = versions.map((version) =>
    startClient(version, serverUrl, room, { ...options, headers: { 'user-agent': version } }),
  );
  clients.set(refusal, [...getClients(refusal), ...(await Promise.all(started))]);
}

async function waitUntilRefused(refusal: Refusal): Promise<void> {
  await Promise.all(getClients(refusal).map((client) => client.refused()));
}

function getNewestClient(refusal: Refusal): RunningClient | undefined {
  return getClients(refusal).find(({ version }) => version === NEWEST);
}

function getClients(refusal: Refusal): readonly RunningClient[] {
  return clients.get(refusal) ?? [];
}

/** The upgrades of a client from its first refusal until `OBSERVED_MS` after its refusal. */
function listUpgrades({ upgrades }: RunningClient): readonly Upgrade[] {
  const first = upgrades.findIndex(isRefused);
  const until = (upgrades[first]?.closed?.at ?? 0) + OBSERVED_MS;
  return upgrades.slice(first).filter(({ startedAt }) => startedAt < until);
}

/** The time from the first refused upgrade to its close code at the client, in milliseconds. */
function measureRefusalMs(client: RunningClient): number {
  const [first] = listUpgrades(client);
  return (first?.closed?.at ?? Infinity) - (first?.startedAt ?? 0);
}

/** The results for docs/reference/websocket.md. */
function formatResults(): string {
  return REFUSALS.map((refusal) => {
    const counts = getClients(refusal).map((client) => `${client.version} ${listUpgrades(client).length}`);
    const newest = getNewestClient(refusal);
    const learned = newest === undefined ? '' : `, learned after ${measureRefusalMs(newest)} ms`;
    return `${refusal.code} ${refusal.what}: ${counts.join(', ')}${learned}`;
  }).join('\n');
}

describe.each(REFUSALS)('$what', (refusal) => {
  const { code, later } = refusal;

  test.each(CLIENT_VERSIONS)(
    `limits an unmodified client to at most ${MAX_UPGRADES} upgrades in ${OBSERVED_MS / 1000} s, the first closed with ${code}: %s`,
    (version) => {
      const client = getClients(refusal).find((one) => one.version === version);
      const upgrades = client === undefined ? [] : listUpgrades(client);
      expect(upgrades.length).toBeLessThanOrEqual(MAX_UPGRADES);
      const [first, ...others] = upgrades.flatMap(({ closed }) => closed?.code ?? []);
      expect(first).toBe(code);
      for (const one of others) expect([code, later]).toContain(one);
    },
  );

  test(`stops ${NEWEST}, unless another attempt may succeed`, () => {
    const newest = getNewestClient(refusal);
    const codes = newest?.upgrades.filter(isRefused).map(({ closed }) => closed?.code);
    if (code === 4511) expect(codes).toEqual([4511, 4401]);
    else if (code !== 1013) expect(codes).toEqual([code]);
    if (code !== 1013) expect(newest?.upgrades.at(-1)?.closed).not.toBeNull();
  });
});

test(`${NEWEST} receives its first refusal code within ${MAX_TYPICAL_REFUSAL_MS / 1000} s, without a delay by the Worker`, () => {
  const times = IMMEDIATE.flatMap((refusal) => getNewestClient(refusal) ?? [])
    .map(measureRefusalMs)
    .toSorted((one, other) => one - other);
  // A busy machine delays some of them. A Worker that held them would delay all.
  expect(times.at(-1)).toBeLessThan(HOLD_MS);
  expect(times[Math.floor(times.length / 2)]).toBeLessThan(MAX_TYPICAL_REFUSAL_MS);
});
