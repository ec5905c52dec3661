import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/**
 * Cost of scrypt: OWASP's parameters for 16 MiB per hash (Password Storage Cheat Sheet: N = 2^14, r = 8, p = 5). The low
 * memory allows concurrent sign-ins in an isolate of 128 MB.
 */
const COST = { N: 2 ** 14, r: 8, p: 5 } as const;
const SALT_BYTES = 16;
const KEY_BYTES = 32;

/** Limits for the parameters of a stored hash, so that a damaged row cannot exhaust the isolate. */
const MAX_N = 2 ** 16;
const MAX_R = 16;
const MAX_P = 16;

interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

const STORED = /^scrypt\$(\d{1,7})\$(\d{1,2})\$(\d{1,2})\$([\w-]{16,86})\$([\w-]{43,86})$/;

/** @returns `scrypt$N$r$p$salt$key` with salt and key in base64url; it contains the cost, so that the cost can change */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await deriveKey(password, salt, KEY_BYTES, COST);
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64url'), key.toString('base64url')].join('$');
}

/** Whether `hash` is the hash of `password`. `false` also for a hash of another format. */
export async function verifyPassword({
  hash,
  password,
}: {
  hash: string;
  password: string;
}): Promise<boolean> {
  const parts = STORED.exec(hash);
  if (parts === null) return false;
  const [, n, r, p, salt = '', key = ''] = parts;
  const cost = { N: Number(n), r: Number(r), p: Number(p) };
  if (!isSane(cost)) return false;
  const expected = Buffer.from(key, 'base64url');
  const actual = await deriveKey(password, Buffer.from(salt, 'base64url'), expected.length, cost);
  return timingSafeEqual(actual, expected);
}

function isSane({ N, r, p }: ScryptCost): boolean {
  const isPowerOfTwo = N > 1 && (N & (N - 1)) === 0;
  return isPowerOfTwo && N <= MAX_N && r >= 1 && r <= MAX_R && p >= 1 && p <= MAX_P;
}

/** Normalizes with NFKC, because keyboards encode the same character differently. */
function deriveKey(password: string, salt: Buffer, bytes: number, cost: ScryptCost): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // Twice the memory that scrypt needs (128 * N * r bytes).
    const maxmem = 2 * 128 * cost.N * cost.r;
    scrypt(password.normalize('NFKC'), salt, bytes, { ...cost, maxmem }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
