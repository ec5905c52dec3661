import type { Context } from 'hono';
import type { Done, Outcome, RoomRef } from '../../dashboard/room/deps.ts';
import type { AppEnv } from '../../domain/env.ts';
import { createRoomAddress, type RoomAddress } from '../../domain/room-address.ts';
import { createActionContext } from '../../rooms/actions/action-context.ts';
import type { ActionResult } from '../../rooms/actions/action-result.ts';
import { createRegistry } from '../registry-port.ts';

/** @throws for a name that no room can have; routes check the name first */
export function getAddress(userId: string, { doType, resourceName }: RoomRef): RoomAddress {
  const addressed = createRoomAddress(userId, doType, encodeURIComponent(resourceName));
  if (!addressed.ok) throw new Error(addressed.detail);
  return addressed.address;
}

export const createPageContext = (c: Context<AppEnv>) => createActionContext(c, createRegistry);

/** Translates an action's result for a page. */
export function toOutcome<Success extends object>(
  result: ActionResult<Success>,
  getDone: (success: Success) => Done,
): Outcome {
  if (result.ok) return { ok: true, done: getDone(result) };
  const { status, message } = result.refusal;
  return { ok: false, status, message };
}
