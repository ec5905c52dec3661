import type { Context } from 'hono';
import {
  changeEmail,
  changeName,
  changePassword,
  deleteOwnAccount,
  endOtherSessions,
  endSession,
  setPassword,
} from '../../auth/accounts/account-actions.ts';
import { readAccountDetails } from '../../auth/accounts/account-details.ts';
import { currentUser, signIn, signOut, signUp } from '../../auth/accounts/page-actions.ts';
import {
  startProviderLink,
  startProviderSignIn,
  unlinkProvider,
} from '../../auth/accounts/providers/provider-sign-in.ts';
import { getConfiguredProviders } from '../../auth/accounts/providers/social-providers.ts';
import type { AccountDeps } from '../../dashboard/account/deps.ts';
import type { ErasureDeps } from '../../dashboard/erasure-progress/deps.ts';
import type { SignInDeps } from '../../dashboard/sign-in/deps.ts';
import type { AppEnv } from '../../domain/env.ts';
import { callEraser } from '../erasure-port.ts';
import { isErasureId, readErasure, readUnfinishedErasure, getErasureState } from '../../erasure/trail.ts';
import { openPrimarySession } from '../../registry/http/bookmark.ts';
import { compareContent } from './compare-content.ts';

/** What the pages need of accounts and erasures. */
export const accountDeps: SignInDeps & AccountDeps & ErasureDeps = {
  currentUser: (c) => currentUser(c.req.raw, c.env),
  signUp: (c, form) => signUp(c.env, c.req.raw, form),
  signIn: (c, form) => signIn(c.env, c.req.raw, form),
  signOut: (c) => signOut(c.env, c.req.raw),
  providers: (c) => getConfiguredProviders(c.env),
  startProviderSignIn: (c, to) => startProviderSignIn(c.env, c.req.raw, to),
  startProviderLink: (c, to) => startProviderLink(c.env, c.req.raw, to),
  unlinkProvider: (c, { id }, { provider }) => unlinkProvider(c.env, c.req.raw, id, provider),

  async readAccount(c, user) {
    // From the primary, so that the page shows a change that this browser just made.
    const account = await readAccountDetails(openPrimarySession(c), user.id, Date.now());
    // Also shown on the page, so part of its ETag.
    const shown = [user.sessionId, user.name, user.email, c.req.query('done'), c.req.query('error')];
    const { data, etag } = compareContent(c, { account, shown });
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
    return compareContent(c, {
      state: getErasureState(erasure),
      requestedAt,
      finishedAt,
      roomsFound,
      roomsErased,
    });
  },
};

/** @returns the id of the requested erasure; `null` if it has finished */
async function startErasure(c: Context<AppEnv>, userId: string): Promise<string | null> {
  const erasure = await readUnfinishedErasure(c.env.DB, userId);
  if (erasure === null) return null;
  const { id, requestedAt } = erasure;
  // If this fails, the cron starts the erasure.
  c.get('afterResponse').push('start erasure', () => callEraser(c.env, { id, userId, requestedAt }));
  return id;
}
