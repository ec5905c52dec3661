import { accountDeps } from './accounts.ts';
import { createOperatorDeps, type MirrorPort } from './operators.ts';
import { roomDeps } from './room.ts';
import { roomListDeps } from './room-lists.ts';
import type { DashboardDeps } from '../../dashboard/deps.ts';

/** What the pages need of accounts, the registry, rooms and the mirror. */
export const createDashboardDeps = (mirror: MirrorPort): DashboardDeps => ({
  ...accountDeps,
  ...roomListDeps,
  ...roomDeps,
  ...createOperatorDeps(mirror),
});
