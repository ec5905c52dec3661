import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { readBoundedBody } from '../../lib/bounded-body.ts';

/** Timeout of a request for the key set. */
const JWKS_TIMEOUT_MS = 3_000;
/** Minimum time between two requests for a key set, successful or not, in one isolate. */
const JWKS_COOLDOWN_MS = 30_000;
/** A key set of this age is requested again. A revoked key is accepted for up to this time. */
const JWKS_FRESH_MS = 10 * 60_000;
/** Maximum age of a key set while the issuer is unreachable. */
const JWKS_MAX_AGE_MS = 60 * 60_000;
/** Longest key set, in bytes. */
const MAX_JWKS_BYTES = 256 * 1024;
/** How often a request checks whether the fetch of another request has finished. */
const POLL_MS = 25;

const MAX_KEY_SETS = 8;

/** The issuer's key set is not available, so its tokens cannot be verified now. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

interface KeySet {
  /** `null` before the first success. */
  find: JWTVerifyGetKey | null;
  /** Times in Unix milliseconds. */
  readAt: number;
  /** When the last fetch started. */
  askedAt: number;
  isReading: boolean;
  /** Error of the last fetch; `null` if it succeeded. */
  failure: Error | null;
}

/** Key sets of this isolate, by URL. */
const keySets = new Map<string, KeySet>();

/**
 * Finds keys in the key set at a URL. Unlike jose's `createRemoteJWKSet`, a failed fetch also starts the cooldown, known
 * keys stay usable for a bounded time while the issuer is down, and concurrent requests share one fetch.
 * @param now Unix milliseconds
 */
export function createKeyFinder(url: string, now: number): JWTVerifyGetKey {
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
      // Without a new key set, it is unknown whether the issuer has published this key.
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

/** Fetches the key set, unless the cooldown is active. Never throws: the result is in `keySet`. */
async function refresh(keySet: KeySet, url: string, now: number): Promise<void> {
  const sinceAsked = now - keySet.askedAt;
  // A fetch that exceeded the timeout was cancelled with its request and starts no cooldown.
  if (keySet.isReading && sinceAsked < JWKS_TIMEOUT_MS) {
    // Wait only if no usable keys exist.
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

/** Polls, because one request must not await a promise of another request (Workers). */
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
    throw new Error(`The request for the key set failed with status ${response.status}.`);
  }
  const bytes = await readBoundedBody(response, MAX_JWKS_BYTES);
  if (bytes === null) throw new Error(`The key set has more than ${MAX_JWKS_BYTES} bytes.`);
  const keySet: unknown = JSON.parse(new TextDecoder().decode(bytes));
  if (!isKeySet(keySet)) throw new Error('The key set has no array "keys".');
  return keySet;
}

/** `createLocalJWKSet` checks the keys themselves. */
function isKeySet(value: unknown): value is JSONWebKeySet {
  return typeof value === 'object' && value !== null && 'keys' in value && Array.isArray(value.keys);
}
