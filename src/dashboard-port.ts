import { currentUser, signIn, signOut, signUp } from './auth/page-actions.ts';
import type { DashboardDeps } from './dashboard/deps.ts';
import { readSession } from './registry/bookmark.ts';
import { getOverview } from './registry/queries.ts';

/** Accounts and the registry as the pages see them. */
export const dashboardDeps: DashboardDeps = {
  currentUser: (c) => currentUser(c.req.raw, c.env),
  signUp: (c, form) => signUp(c.env, c.req.raw, form),
  signIn: (c, form) => signIn(c.env, c.req.raw, form),
  signOut: (c) => signOut(c.env, c.req.raw),
  readOverview: (c, userId, query) => getOverview(readSession(c), userId, query),
};
