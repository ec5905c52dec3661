import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { readBoundedBody } from '../../lib/bounded-body.ts';

/** How long the issuer's key set may take to arrive. */
const JWKS_TIMEOUT_MS = 3_000;
/** How long after a fetch, successful or not, no token causes another one. Per isolate. */
const JWKS_COOLDOWN_MS = 30_000;
/** How long a key set is used without asking for a newer one, and so how long a withdrawn key lives on. */
const JWKS_FRESH_MS = 10 * 60_000;
/** How long a key set is used at most while the issuer cannot be read. */
const JWKS_MAX_AGE_MS = 60 * 60_000;
/** Longest key set, in bytes. */
const MAX_JWKS_BYTES = 256 * 1024;
/** How often a request looks whether the fetch of another request has ended. */
const POLL_MS = 25;

const MAX_KEY_SETS = 8;

/** The issuer's key set could not be had: no token of it can be judged now. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

interface KeySet {
  /** `null` before the first success. */
  find: JWTVerifyGetKey | null;
  /** Times in Unix milliseconds. */
  readAt: number;
  /** When the last fetch began; `isReading` says whether it has ended. */
  askedAt: number;
  isReading: boolean;
  /** Why the last fetch failed; `null`: it did not. */
  failure: Error | null;
}

/** By URL, so that a key set is fetched once an isolate. */
const keySets = new Map<string, KeySet>();

/**
 * Finds keys in the key set at a URL. Of jose's `createRemoteJWKSet` it differs where the issuer is down: a failed fetch
 * starts the cool-down too, known keys go on for a bounded time, and requests at the same time share one fetch.
 * @param now Unix milliseconds
 */
export function issuerKeys(url: string, now: number): JWTVerifyGetKey {
  return async (header, token) => {
    const keySet = keySetAt(url);
    if (!isYoungerThan(JWKS_FRESH_MS, keySet, now)) await refresh(keySet, url, now);
    const find = usableKeys(keySet, now);
    try {
      return await find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const readBefore = keySet.readAt;
      await refresh(keySet, url, now);
      if (keySet.readAt !== readBefore) return usableKeys(keySet, now)(header, token);
      // The key may be one that the issuer has published since.
      throw keySet.failure === null ? error : unavailable(keySet);
    }
  };
}

function keySetAt(url: string): KeySet {
  const known = keySets.get(url);
  if (known !== undefined) return known;
  if (keySets.size >= MAX_KEY_SETS) keySets.clear();
  const created = { find: null, readAt: -Infinity, askedAt: -Infinity, isReading: false, failure: null };
  keySets.set(url, created);
  return created;
}

function isYoungerThan(age: number, { readAt }: KeySet, now: number): boolean {
  return now - readAt < age;
}

function usableKeys(keySet: KeySet, now: number): JWTVerifyGetKey {
  if (keySet.find !== null && isYoungerThan(JWKS_MAX_AGE_MS, keySet, now)) return keySet.find;
  throw unavailable(keySet);
}

function unavailable({ failure }: KeySet): KeysUnavailable {
  return new KeysUnavailable('The key set of the external issuer could not be read.', { cause: failure });
}

/** Fetches the key set, unless that was tried lately. Never throws: the key set tells how it ended. */
async function refresh(keySet: KeySet, url: string, now: number): Promise<void> {
  const sinceAsked = now - keySet.askedAt;
  // A fetch that did not end in time was cancelled with its request: it starts no cool-down.
  if (keySet.isReading && sinceAsked < JWKS_TIMEOUT_MS) {
    // With keys there is nothing to wait for.
    if (!isYoungerThan(JWKS_MAX_AGE_MS, keySet, now)) await untilRead(keySet);
    return;
  }
  if (!keySet.isReading && sinceAsked < JWKS_COOLDOWN_MS) return;
  keySet.askedAt = now;
  keySet.isReading = true;
  try {
    keySet.find = createLocalJWKSet(await fetchKeySet(url));
    keySet.readAt = now;
    keySet.failure = null;
  } catch (error) {
    keySet.failure = error instanceof Error ? error : new Error(String(error));
  } finally {
    keySet.isReading = false;
  }
}

/** Looks again and again: a promise of one request must not be awaited by another. */
async function untilRead(keySet: KeySet): Promise<void> {
  for (let waited = 0; keySet.isReading && waited < JWKS_TIMEOUT_MS; waited += POLL_MS) {
    await scheduler.wait(POLL_MS);
  }
}

async function fetchKeySet(url: string): Promise<JSONWebKeySet> {
  const response = await fetch(url, {
    headers: { accept: 'application/json, application/jwk-set+json' },
    redirect: 'manual',
    signal: AbortSignal.timeout(JWKS_TIMEOUT_MS),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`The key set was answered with ${response.status}.`);
  }
  const bytes = await readBoundedBody(response, MAX_JWKS_BYTES);
  if (bytes === null) throw new Error(`The key set has more than ${MAX_JWKS_BYTES} bytes.`);
  const keySet: unknown = JSON.parse(new TextDecoder().decode(bytes));
  if (!isKeySet(keySet)) throw new Error('The key set has no array "keys".');
  return keySet;
}

/** The keys themselves are judged by `createLocalJWKSet`. */
function isKeySet(value: unknown): value is JSONWebKeySet {
  return typeof value === 'object' && value !== null && 'keys' in value && Array.isArray(value.keys);
}
