import { createIncarnation } from '../../domain/incarnation.ts';
import type { RoomAddress } from '../../domain/room-address.ts';
import type {
  AlreadyExists,
  CompactResult,
  CreateResult,
  FullState,
  SyncResult,
} from '../contract/contract.ts';
import type { Description } from '../contract/description.ts';
import type { ActionContext } from './action-context.ts';
import { type ActionResult, refuse } from './action-result.ts';
import { callOrCreate } from './call-or-create.ts';
import { callRoom } from './call-room.ts';
import { recordUse } from './record-use.ts';
import { removeRegistryRow } from './remove-registry-row.ts';

/*
 * Each action on a room exists once, here or in version-actions.ts. It calls the room, records the use after the response and
 * returns a result; HTTP routes and pages only translate results. `incarnation` is the one that the caller names, or `null`.
 */

interface ReadOptions {
  /** `data` is `null` if one of these names the current content. */
  readonly etags: readonly string[];
  readonly incarnation: string | null;
}

/** Reads the full state as one Yjs update. */
export async function readRoom(
  context: ActionContext,
  address: RoomAddress,
  { etags, incarnation }: ReadOptions,
): Promise<ActionResult<FullState>> {
  const state = await callRoom(context.env, address, async (stub) => stub.getDoc(etags, incarnation));
  if (state.kind !== 'reached') return refuse(context.env, address, state);
  recordUse(context, address, state);
  return { ok: true, ...state };
}

interface SyncOptions extends ReadOptions {
  readonly stateVector: Uint8Array;
  readonly update: Uint8Array;
}

/** Stores an update and returns what the client lacks. Creates a missing room. */
export async function syncRoom(
  context: ActionContext,
  address: RoomAddress,
  { stateVector, update, etags, incarnation }: SyncOptions,
): Promise<ActionResult<SyncResult>> {
  const synced = await callOrCreate(context, address, async (stub, mayCreate) =>
    stub.sync(stateVector, update, etags, incarnation, mayCreate),
  );
  if (synced.kind !== 'reached') return refuse(context.env, address, synced);
  recordUse(context, address, synced);
  return { ok: true, ...synced };
}

interface CreateOptions {
  /** The content of the new room; `null` for an empty room. */
  readonly update: Uint8Array | null;
  /** Whether content of earlier incarnations may come back. */
  readonly readmits: boolean;
}

/** Creates a room, or recreates a deleted one. An existing room keeps its content. */
export async function createRoom(
  context: ActionContext,
  address: RoomAddress,
  { update, readmits }: CreateOptions,
): Promise<ActionResult<CreateResult | AlreadyExists>> {
  // The room recognises a repeated call by this name.
  const proposed = createIncarnation();
  const created = await callOrCreate(context, address, async (stub, mayCreate) =>
    update === null
      ? stub.create(readmits, mayCreate, proposed)
      : stub.createWith(update, readmits, mayCreate, proposed),
  );
  if (created.kind === 'exists') return { ok: true, ...created };
  if (created.kind === 'full') return refuse(context.env, address, { kind: 'content too large' });
  if (created.kind !== 'reached') return refuse(context.env, address, created);
  recordUse(context, address, created);
  return { ok: true, ...created };
}

/** Deletes a room. `bookmark` lets the owner's next read see the deletion; `null` if the registry is not updated yet. */
export async function deleteRoom(
  context: ActionContext,
  address: RoomAddress,
  incarnation: string | null,
): Promise<ActionResult<{ readonly bookmark: string | null }>> {
  const removed = await callRoom(context.env, address, async (stub) => stub.remove(incarnation));
  if (removed.kind !== 'removed') return refuse(context.env, address, removed);
  return { ok: true, bookmark: await removeRegistryRow(context, address, removed.createdAt) };
}

/** Compacts a room now. */
export async function compactRoom(
  context: ActionContext,
  address: RoomAddress,
  incarnation: string | null,
): Promise<ActionResult<CompactResult>> {
  const compacted = await callRoom(context.env, address, async (stub) => stub.compact(incarnation));
  if (compacted.kind !== 'reached') return refuse(context.env, address, compacted);
  recordUse(context, address, compacted);
  if (compacted.outcome === 'being read') return refuse(context.env, address, { kind: 'being read' });
  return { ok: true, ...compacted };
}

/** Describes a room. This is not a use of it. */
export function describeRoom({ env }: ActionContext, address: RoomAddress): Promise<Description> {
  return callRoom(env, address, async (stub) => stub.describe());
}
