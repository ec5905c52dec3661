import {
  ACCOUNT_OPERATIONS,
  CALLER_OPERATIONS,
  ERASURE_OPERATIONS,
  HEALTH_OPERATIONS,
} from './account-operations.ts';
import type { Operation } from './operation.ts';
import { REGISTRY_OPERATIONS } from './registry-operations.ts';
import { ROOM_OPERATIONS, VERSION_OPERATIONS } from './room-operations.ts';

/** All routes except pages. */
export const OPERATIONS: readonly Operation[] = [
  ...ROOM_OPERATIONS,
  ...VERSION_OPERATIONS,
  ...REGISTRY_OPERATIONS,
  ...CALLER_OPERATIONS,
  ...ACCOUNT_OPERATIONS,
  ...ERASURE_OPERATIONS,
  ...HEALTH_OPERATIONS,
];
