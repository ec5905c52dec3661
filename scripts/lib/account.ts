import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { makeDataFolder } from './private-files.ts';

/** An account of the demo, as it is kept between runs. */
const Account = z.object({ email: z.string(), password: z.string() });

const WithToken = z.object({ token: z.string() });

/**
 * Signs in with the account of a file, or signs a new one up and writes the file (readable by its owner alone).
 * @returns the account and a session token
 */
export async function openAccount(
  origin: string,
  file: string,
): Promise<z.infer<typeof Account> & { token: string }> {
  const known = existsSync(file) ? Account.parse(JSON.parse(readFileSync(file, 'utf8'))) : null;
  if (known !== null) {
    const signedIn = await post(origin, '/api/auth/sign-in/email', known);
    if (signedIn.ok) return { ...known, token: await tokenOf(signedIn) };
    // Any other refusal says nothing about the account, which must not be replaced then.
    if (signedIn.status !== 401)
      throw new Error(`Sign-in returned ${signedIn.status}: ${await signedIn.text()}`);
  }
  // The file is of another database, or gone: a new account beside whatever there is.
  const account = {
    email: `demo-${randomBytes(3).toString('hex')}@roomkeeper.example`,
    password: randomBytes(9).toString('base64url'),
  };
  const signedUp = await post(origin, '/api/auth/sign-up/email', { name: 'Demo', ...account });
  if (!signedUp.ok) throw new Error(`Sign-up returned ${signedUp.status}: ${await signedUp.text()}`);
  makeDataFolder(dirname(file));
  writeFileSync(file, `${JSON.stringify(account)}\n`, { mode: 0o600 });
  return { ...account, token: await tokenOf(signedUp) };
}

/** A JWT for WebSockets. */
export async function mintJwt(origin: string, sessionToken: string): Promise<string> {
  const response = await fetch(`${origin}/api/auth/token`, {
    headers: { authorization: `Bearer ${sessionToken}` },
  });
  if (!response.ok)
    throw new Error(`GET /api/auth/token returned ${response.status}: ${await response.text()}`);
  return tokenOf(response);
}

const Me = z.object({ userId: z.string() });

/** The id of the user whose session or JWT this is. */
export async function readUserId(origin: string, token: string): Promise<string> {
  const response = await fetch(`${origin}/api/me`, { headers: { authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error(`GET /api/me returned ${response.status}: ${await response.text()}`);
  return Me.parse(await response.json()).userId;
}

async function tokenOf(response: Response): Promise<string> {
  return WithToken.parse(await response.json()).token;
}

function post(origin: string, path: string, body: object): Promise<Response> {
  return fetch(`${origin}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify(body),
  });
}
