import { setTimeout as sleep } from 'node:timers/promises';
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import type { System, User } from '../../test/support/system.ts';

/** What a request asks test/worker/entries/counted-registry.ts for. */
export const REGISTRIES = ['none', 'as it is', 'slow', 'failing'] as const;
type RegistryKind = (typeof REGISTRIES)[number];

/** Between two calls, in milliseconds: what the one leaves to do after its response is mostly over before the next. */
const PAUSE_MS = 25;

/** Rounds at the beginning that do not count: code is compiled in them. */
const WARM_UP_ROUNDS = 20;

/** A client's HTTP sync, with a state vector that knows nothing. */
export function syncBody(update: Uint8Array): Uint8Array<ArrayBuffer> {
  return encoding.encode((encoder) => {
    encoding.writeVarUint8Array(encoder, Uint8Array.of(0));
    encoding.writeVarUint8Array(encoder, update);
  });
}

/** An update of a new client with this text. */
export function updateWith(text: string): Uint8Array {
  const doc = new Y.Doc();
  doc.getText('text').insert(0, text);
  return Y.encodeStateAsUpdate(doc);
}

/**
 * Times of syncs, in milliseconds to the end of the response, by what the registry is meanwhile. All kinds take turns in
 * one run, each of them first as often as the others. The document changes with the first one alone.
 */
export async function timeSyncs(
  system: System,
  user: User,
  rounds: number,
  name: string,
): Promise<ReadonlyMap<RegistryKind, readonly number[]>> {
  const times = new Map<RegistryKind, number[]>(REGISTRIES.map((registry) => [registry, []]));
  const body = syncBody(updateWith('x'));
  for (let round = -Math.min(WARM_UP_ROUNDS, rounds); round < rounds; round++) {
    const first = Math.abs(round) % REGISTRIES.length;
    for (const registry of [...REGISTRIES.slice(first), ...REGISTRIES.slice(0, first)]) {
      const startedAt = performance.now();
      const response = await fetch(`${system.origin}/documents/${name}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${user.jwt}`, 'x-registry': registry },
        body,
      });
      await response.arrayBuffer();
      const ms = performance.now() - startedAt;
      if (!response.ok) throw new Error(`a sync was answered with ${response.status}`);
      if (round >= 0) times.get(registry)?.push(ms);
      await sleep(PAUSE_MS);
    }
  }
  return times;
}
