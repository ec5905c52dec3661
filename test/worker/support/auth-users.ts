import { scryptSync } from 'node:crypto';
import { env } from 'cloudflare:workers';
import { SignJWT } from 'jose';
import { getJwtKey } from '../../../src/auth/credentials/jwt-key.ts';
import { call, ORIGIN, postJson } from './auth-app.ts';

export const PASSWORD = 'a password of some length';

/** A new account, signed in. */
export interface TestUser {
  readonly id: string;
  readonly email: string;
  /** Unsigned, as in the response's body. */
  readonly sessionToken: string;
  /** A `Cookie` header. */
  readonly cookie: string;
}

let users = 0;

export function createEmail(): string {
  users += 1;
  return `user-${users}-${crypto.randomUUID()}@example.com`;
}

/** A hash of `PASSWORD` in the format of `hashPassword` at the lowest cost: the real cost is 0.2 s per hash. */
const SALT = Buffer.from('a salt for tests');
const CHEAP_HASH = [
  'scrypt$2$8$1',
  SALT.toString('base64url'),
  scryptSync(PASSWORD, SALT, 32, { N: 2, r: 8, p: 1 }).toString('base64url'),
].join('$');

/** Creates an account as sign-up does, with a cheap password hash, and signs it in. */
export async function signUpUser(email: string = createEmail()): Promise<TestUser> {
  const id = crypto.randomUUID();
  await env.DB.batch([
    env.DB.prepare("INSERT INTO user (id, name, email, role) VALUES (?, 'Ada', ?, 'user')").bind(id, email),
    env.DB.prepare(
      "INSERT INTO account (id, account_id, provider_id, user_id, password) VALUES (?1, ?2, 'credential', ?2, ?3)",
    ).bind(crypto.randomUUID(), id, CHEAP_HASH),
  ]);
  return signInAgain({ id, email });
}

/** Creates an account through the API. */
export async function signUpByRequest(): Promise<Pick<TestUser, 'id' | 'email' | 'cookie'>> {
  const body = { name: 'Ada', email: createEmail(), password: PASSWORD };
  const response = await postJson('/api/auth/sign-up/email', body);
  const { user } = await response.json<{ user: { id: string; email: string } }>();
  return { id: user.id, email: user.email, cookie: getSessionCookie(response) };
}

/** Signs the user in again, as on another device. */
export async function signInAgain({ id, email }: Pick<TestUser, 'id' | 'email'>): Promise<TestUser> {
  const response = await postJson('/api/auth/sign-in/email', { email, password: PASSWORD });
  if (!response.ok) throw new Error(`sign-in: ${response.status} ${await response.text()}`);
  const { token } = await response.json<{ token: string }>();
  return { id, email, sessionToken: token, cookie: getSessionCookie(response) };
}

/** The id of a user's session. */
export async function readSessionId({ sessionToken }: TestUser): Promise<string> {
  const row = await env.DB.prepare('SELECT id FROM session WHERE token = ?')
    .bind(sessionToken)
    .first<{ id: string }>();
  if (row === null) throw new Error('no such session');
  return row.id;
}

/** The `Cookie` header that a browser would send after a response. */
export function getSessionCookie(response: Response): string {
  return getCookieHeader(response.headers.getSetCookie());
}

export function getCookieHeader(setCookies: readonly string[]): string {
  return setCookies.map((cookie) => cookie.split(';')[0]).join('; ');
}

/** Fetches a JWT from the API. */
export async function fetchJwt({ sessionToken }: TestUser, origin: string = ORIGIN): Promise<string> {
  const response = await call('/api/auth/token', { origin, headers: bearer(sessionToken) });
  if (!response.ok) throw new Error(`token: ${response.status} ${await response.text()}`);
  return (await response.json<{ token: string }>()).token;
}

export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}

/** Claims to set, or to omit if `undefined`. */
export type Claims = Readonly<Record<string, unknown>>;

/** Signs a local token with the given claims. `secret` defaults to that of the deployment. */
export async function signLocalJwt(claims: Claims, secret: string = env.BETTER_AUTH_SECRET): Promise<string> {
  const { kid, privateJwk } = await getJwtKey(secret);
  const complete = { iss: 'roomkeeper', aud: 'roomkeeper', sub: 'someone', exp: inSeconds(60), ...claims };
  const kept = Object.fromEntries(Object.entries(complete).filter(([, value]) => value !== undefined));
  return new SignJWT(kept).setProtectedHeader({ alg: 'EdDSA', kid }).sign({ ...privateJwk });
}

/** The Unix time in N seconds, in seconds, as JWTs use it. */
export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

/** A database whose every method throws. */
export function createBrokenDatabase(): D1Database {
  return new Proxy(env.DB, {
    get(_database, property) {
      throw new Error(`the database was used (${String(property)})`);
    },
  });
}
