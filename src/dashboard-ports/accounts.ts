import type { Context } from 'hono';
import {
  changeEmail,
  changeName,
  changePassword,
  deleteOwnAccount,
  endOtherSessions,
  endSession,
  setPassword,
} from '../auth/account-actions.ts';
import { readAccountDetails } from '../auth/account-details.ts';
import { isOperatorRole } from '../auth/operators.ts';
import { currentUser, signIn, signOut, signUp } from '../auth/page-actions.ts';
import type { AccountDeps } from '../dashboard/account/deps.ts';
import type { ErasureDeps } from '../dashboard/erasure-progress/deps.ts';
import type { SignInDeps } from '../dashboard/sign-in/deps.ts';
import type { AppEnv } from '../env.ts';
import { callEraser } from '../erasure-port.ts';
import { isErasureId, readErasure, readErasureUnderWay, stateOf } from '../erasure/trail.ts';
import { seenByContent } from './seen-content.ts';

/** Accounts and erasures as the pages see them. */
export const accountPorts: SignInDeps & AccountDeps & ErasureDeps = {
  async currentUser(c) {
    const user = await currentUser(c.req.raw, c.env);
    if (user === null) return null;
    const { role, ...rest } = user;
    return { ...rest, isOperator: isOperatorRole(role) };
  },
  signUp: (c, form) => signUp(c.env, c.req.raw, form),
  signIn: (c, form) => signIn(c.env, c.req.raw, form),
  signOut: (c) => signOut(c.env, c.req.raw),

  async readAccount(c, { id, sessionId, name, email }) {
    // From the primary, which knows of what this browser has just changed.
    const session = c.env.DB.withSession('first-primary');
    const account = await readAccountDetails(session, id, Date.now());
    // What the page shows besides; it is no part of what was read.
    const { data, etag } = seenByContent(c, {
      account,
      shown: [sessionId, name, email, c.req.query('done')],
    });
    return { data: data?.account ?? null, etag };
  },
  changeName: (c, _user, { name }) => changeName(c.env, c.req.raw, name),
  changeEmail: (c, { id }, form) => changeEmail(c.env, c.req.raw, id, form),
  changePassword: (c, _user, form) => changePassword(c.env, c.req.raw, form),
  setPassword: (c, _user, { newPassword }) => setPassword(c.env, c.req.raw, newPassword),
  endSession: (c, user, { id }) => endSession(c.env, user.id, id),
  endOtherSessions: (c, { id, sessionId }) => endOtherSessions(c.env, id, sessionId),
  async deleteAccount(c, user, password) {
    const outcome = await deleteOwnAccount(c.env, c.req.raw, password);
    return outcome.ok ? { ...outcome, erasureId: await startErasure(c, user.id) } : outcome;
  },

  async readErasure(c, id) {
    const erasure = isErasureId(id) ? await readErasure(c.env.DB, id) : null;
    if (erasure === null) return null;
    const { requestedAt, finishedAt, roomsFound, roomsErased } = erasure;
    return seenByContent(c, { state: stateOf(erasure), requestedAt, finishedAt, roomsFound, roomsErased });
  },
};

/** @returns the id of the erasure that was asked for; `null` where it is over already */
async function startErasure(c: Context<AppEnv>, userId: string): Promise<string | null> {
  const erasure = await readErasureUnderWay(c.env.DB, userId);
  if (erasure === null) return null;
  const { id, requestedAt } = erasure;
  // What is lost here the cron makes good.
  c.get('afterResponse').push('start erasure', () => callEraser(c.env, { id, userId, requestedAt }));
  return id;
}
