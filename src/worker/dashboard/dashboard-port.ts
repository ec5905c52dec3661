import { accountPorts } from './accounts.ts';
import { type MirrorPort, operatorPorts } from './operators.ts';
import { roomDeps } from './room.ts';
import { roomsOfUser } from './rooms-of-user.ts';
import type { DashboardDeps } from '../../dashboard/deps.ts';

/** Accounts, the registry, rooms and the mirror as the pages see them. */
export const dashboardDeps = (mirror: MirrorPort): DashboardDeps => ({
  ...accountPorts,
  ...roomsOfUser,
  ...roomDeps,
  ...operatorPorts(mirror),
});
