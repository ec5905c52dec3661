import path from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { localWrangler } from '../../scripts/lib/wrangler.ts';
import { fireCron } from '../../scripts/lib/cron.ts';
import { runToEnd } from '../../scripts/lib/processes.ts';
import { shortLivedToken } from '../support/short-lived-token.ts';
import type { User } from '../support/system.ts';
import { until } from '../support/until.ts';
import { connectClient, type Token, type YjsClient } from '../support/yjs-client.ts';
import { site } from './site.ts';

/** Long enough to connect with on a busy machine, in seconds. */
const SHORT_LIFE_S = 10;

let user: User;

beforeAll(async () => {
  user = await site.signUp();
});

const shortLived = () => shortLivedToken(inject('siteFolder'), user, SHORT_LIFE_S);

const connect = (room: string, jwt: string | Token) => connectClient(`${site.wsOrigin}/documents`, room, jwt);

/** The codes that a client's connections have been closed with, as they come. */
function closings({ provider }: YjsClient): number[] {
  const codes: number[] = [];
  provider.on('connection-close', (event) => codes.push(event?.code ?? 0));
  return codes;
}

/** Settles once a client has been turned away for good. */
async function stopped({ provider }: YjsClient): Promise<void> {
  await until('the client to give up', () => (provider.shouldConnect ? undefined : true));
}

async function post(route: string, body: unknown, token: string): Promise<void> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const response = await fetch(`${site.origin}${route}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${route}: ${response.status} ${await response.text()}`);
}

/** A statement, as an operator types it. */
async function execute(sql: string): Promise<void> {
  const data = path.join(inject('siteFolder'), 'wrangler');
  const args = ['d1', 'execute', 'roomkeeper', '--local', '--persist-to', data, '--yes', '--command', sql];
  await runToEnd(localWrangler(args, { home: path.join(inject('siteFolder'), 'wrangler-of-test') }));
}

describe('a y-websocket client whose token expires', () => {
  test('reconnects with a new token in its params, without effects on other clients', async () => {
    const params = { token: await shortLived() };
    const ada = await connect('expiring', params);
    const ben = await connect('expiring', user.jwt);
    const [ofAda, ofBen] = [closings(ada), closings(ben)];
    params.token = user.jwt;
    // What is typed when the connection is lost is not lost.
    ada.provider.once('connection-close', () => ada.insert(0, 'meanwhile '));
    await until('the token to expire', () => ofAda[0]);
    await ben.reads('meanwhile ');
    ben.insert(10, 'and after');
    await ada.reads('meanwhile and after');
    expect([ofAda, ofBen]).toEqual([[4511], []]);
    ada.leave();
    ben.leave();
  });

  test('stops without a new token, and continues once the app has one', async () => {
    const params = { token: await shortLived() };
    const ada = await connect('expired', params);
    const codes = closings(ada);
    await stopped(ada);
    expect(codes).toEqual([4511, 4401]);
    ada.insert(0, 'typed offline');
    params.token = await site.mintJwt(user);
    ada.provider.connect();
    const ben = await connect('expired', user.jwt);
    await ben.reads('typed offline');
    ada.leave();
    ben.leave();
  });
});

describe('y-websocket clients of a user', () => {
  test('are refused permanently after a sign-out on their device only', async () => {
    const elsewhere = await signInAgain();
    const here = await connect('shared', await site.mintJwt(elsewhere));
    const other = await connect('shared', user.jwt);
    const [ofHere, ofOther] = [closings(here), closings(other)];
    await post('/api/auth/sign-out', {}, elsewhere.token);
    await stopped(here);
    other.insert(0, 'still here');
    await other.stored();
    expect([ofHere, ofOther]).toEqual([[4401], []]);
    // The token is valid for some minutes, but no longer accepted.
    here.provider.connect();
    await stopped(here);
    expect(ofHere).toEqual([4401, 4401]);
    here.leave();
    other.leave();
  });

  test('are refused within a minute after the account is deleted from the database', async () => {
    const gone = await site.signUp();
    const clients = [await connect('a', gone.jwt), await connect('b', gone.jwt)];
    const codes = clients.map(closings);
    const stays = await connect('a', user.jwt);
    const ofStays = closings(stays);
    await execute(`DELETE FROM user WHERE email = '${gone.email}'`);
    await fireCron(site.origin);
    await Promise.all(clients.map(stopped));
    stays.insert(0, 'undisturbed');
    await stays.stored();
    expect([codes, ofStays]).toEqual([[[4401], [4401]], []]);
    for (const client of [...clients, stays]) client.leave();
  });
});

async function signInAgain(): Promise<User> {
  const { email, password } = user;
  const response = await fetch(`${site.origin}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  const { token }: { token: string } = await response.json();
  return { ...user, token, jwt: await site.mintJwt({ ...user, token }) };
}
