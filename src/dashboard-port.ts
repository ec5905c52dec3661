import { accountPorts } from './dashboard-ports/accounts.ts';
import { roomDeps } from './dashboard-ports/room.ts';
import { roomsOfUser } from './dashboard-ports/rooms-of-user.ts';
import type { DashboardDeps } from './dashboard/deps.ts';

/** Accounts and the registry as the pages see them. */
export const dashboardDeps: DashboardDeps = { ...accountPorts, ...roomsOfUser, ...roomDeps };
