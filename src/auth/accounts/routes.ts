import { Hono } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import { ACCOUNTS_PATH } from './better-auth.ts';
import { callAccounts } from './call-accounts.ts';

/** `/api/auth/*`: sign-up, sign-in, sign-out, session, token and key set. Mount it at the root. */
export const authRoutes = new Hono<AppEnv>().all(`${ACCOUNTS_PATH}/*`, (c) => callAccounts(c.req.raw, c.env));
