import type { Hono } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import { problem } from '../../lib/problem.ts';
import { callRoom } from '../actions/call-room.ts';
import { findRoom } from '../actions/find-room.ts';
import { INCARNATION_HEADER, getIncarnation } from '../../domain/incarnation.ts';
import { createRefusalResponse } from '../contract/room-refusals.ts';
import { type CreateRegistry, recordUse } from '../actions/record-use.ts';

/** `POST …/compaction`: the room is compacted now, not when it is due. */
export function mountCompaction(app: Hono<AppEnv>, path: string, createRegistry: CreateRegistry): void {
  app.post(path, async (c) => {
    const found = findRoom(c);
    if (!found.ok) return found.response;
    const compacted = await callRoom(c.env, found.address, async (stub) => stub.compact(found.incarnation));
    if (compacted.kind !== 'reached') return createRefusalResponse(compacted.kind, found.address);
    recordUse(c, found.address, createRegistry, compacted);
    const { outcome, bytesBefore, storageBytes } = compacted;
    if (outcome === 'being read') {
      return problem(409, 'Somebody is being sent the content just now; try again in a moment.');
    }
    return c.json(
      { compacted: outcome === 'compacted', storageBytesBefore: bytesBefore, storageBytes },
      200,
      {
        [INCARNATION_HEADER]: getIncarnation(compacted),
      },
    );
  });

  app.all(path, (c) => problem(405, `${c.req.method} is not allowed here.`, {}, { allow: 'POST' }));
}
