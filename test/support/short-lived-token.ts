import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { decodeJwt, SignJWT } from 'jose';
import { getJwtKey } from '../../src/auth/credentials/jwt-key.ts';
import type { User } from './system.ts';

/**
 * A token of the system that expires soon.
 * @param folder of the system's data
 */
export async function shortLivedToken(folder: string, { jwt }: User, lifeS: number): Promise<string> {
  const secret = await readFile(path.join(folder, 'better-auth-secret'), 'utf8');
  const { kid, privateJwk } = await getJwtKey(secret);
  return new SignJWT(decodeJwt(jwt))
    .setProtectedHeader({ alg: 'EdDSA', kid })
    .setExpirationTime(`${lifeS}s`)
    .sign({ ...privateJwk });
}
