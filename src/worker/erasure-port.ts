import { readEndedSessionsByUser } from '../auth/sessions/ended-sessions.ts';
import { removeAccountStatements } from '../auth/accounts/lock-account.ts';
import { createPassDeps } from './end-sessions.ts';
import { type PassBounds, runEndedSessionsPass } from './ended-sessions-pass.ts';
import type { Bindings } from '../domain/env.ts';
import { getErasedUserKey, type ErasureOrder } from '../domain/erasure-request.ts';
import type { ErasurePorts } from '../erasure/contract.ts';
import { ROOM_TIMEOUT_MS, MAX_RUN_MS, MAX_ROOMS_NOTIFIED_PER_RUN } from '../erasure/limits.ts';
import { finishErasureStatement, writeTrail } from '../erasure/trail.ts';
import { deleteInstance } from '../registry/write/delete-instance.ts';
import { hasOwner } from '../domain/do-name.ts';
import { hasRooms, readUserRooms } from '../registry/read/user-rooms.ts';
import { eraseRoom, isRoomFailure, replaceDoNames } from '../rooms/actions/erase-room.ts';

const SOCKET_BOUNDS: PassBounds = {
  entries: 20,
  rooms: MAX_ROOMS_NOTIFIED_PER_RUN,
  durationMs: MAX_RUN_MS,
  answerMs: ROOM_TIMEOUT_MS,
};

/** What an eraser needs of accounts, rooms and the registry. */
export function createErasurePorts(env: Bindings): ErasurePorts {
  const { DB } = env;
  return {
    async endSockets(userId) {
      const { entries, settled, sockets, failures } = await runEndedSessionsPass(
        {
          ...createPassDeps(env),
          readEnded: (limit) => readEndedSessionsByUser(DB, userId, Date.now(), limit),
        },
        SOCKET_BOUNDS,
      );
      return { sockets, failures, more: settled < entries };
    },
    readRooms: (page) => readUserRooms(DB, page),
    async eraseRoom(userId, { doName, createdAt }) {
      if (!hasOwner(doName, userId)) {
        // A damaged row must not erase a room of another user. Once it is repaired, there is nothing to do.
        if (await hasRooms(DB, userId, doName))
          throw new Error("the registry assigns another user's room to this user");
        return;
      }
      const erased = await eraseRoom(env, doName);
      // The later of the two times: a damaged row may have a wrong one.
      await deleteInstance(DB, { doName, createdAt: Math.max(createdAt, erased ?? 0) });
    },
    isRoomFailure,
    async forgetRoom({ doName }) {
      await deleteInstance(DB, { doName, createdAt: Date.now() });
    },
    async removeAccount(order) {
      // A room created between the two statements learns from its report that it is erased (registry-port.ts).
      if (await hasRooms(DB, order.userId)) return 'has rooms';
      await DB.batch([...removeAccountStatements(DB, order.userId), finishErasureStatement(DB, order)]);
      return 'removed';
    },
    writeTrail: (order, counts, steps) => writeTrail(DB, order, counts, steps),
    replaceNames: (text) => replaceDoNames(env, text),
  };
}

/** Starts a requested erasure, or makes sure that it continues. */
export async function callEraser(env: Bindings, order: ErasureOrder): Promise<void> {
  await env.ACCOUNT_ERASER.getByName(getErasedUserKey(order.userId)).erase(order);
}
