import type { AccountDeps } from './account/deps.ts';
import type { ErasureDeps } from './erasure-progress/deps.ts';
import type { OperatorsDeps } from './operators/deps.ts';
import type { OverviewDeps } from './overview/deps.ts';
import type { RoomsDeps } from './room-list/deps.ts';
import type { RoomDeps } from './room/deps.ts';
import type { SignInDeps } from './sign-in/deps.ts';

/** All reads and actions of the pages. A rejection becomes an error page. */
export interface DashboardDeps
  extends SignInDeps, OverviewDeps, RoomsDeps, RoomDeps, AccountDeps, ErasureDeps, OperatorsDeps {}
