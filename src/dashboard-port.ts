import { accountPorts } from './dashboard-ports/accounts.ts';
import { type MirrorPort, operatorPorts } from './dashboard-ports/operators.ts';
import { roomDeps } from './dashboard-ports/room.ts';
import { roomsOfUser } from './dashboard-ports/rooms-of-user.ts';
import type { DashboardDeps } from './dashboard/deps.ts';

/** Accounts, the registry, rooms and the mirror as the pages see them. */
export const dashboardDeps = (mirror: MirrorPort): DashboardDeps => ({
  ...accountPorts,
  ...roomsOfUser,
  ...roomDeps,
  ...operatorPorts(mirror),
});
