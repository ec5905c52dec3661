import type { RoomAddress } from '../../domain/room-address.ts';
import type {
  RoomResult,
  VersionCreateResult,
  VersionListResult,
  VersionReadResult,
} from '../contract/contract.ts';
import type { RefusalKind } from '../contract/room-refusals.ts';
import type { ActionContext } from './action-context.ts';
import { type ActionResult, refuse } from './action-result.ts';
import { callDocument, type DocumentStub } from './call-room.ts';
import { recordUse } from './record-use.ts';
import { parseVersionId } from './version-id.ts';

/** A version, in the incarnation that the caller names; `null` if it names none. */
export interface VersionRef {
  readonly id: string;
  readonly incarnation: string | null;
}

export function listVersions(
  context: ActionContext,
  address: RoomAddress,
  incarnation: string | null,
): Promise<ActionResult<VersionListResult>> {
  return useDocument<VersionListResult>(context, address, async (stub) => stub.listSnapshots(incarnation));
}

/** Keeps the current state as a version. */
export function createVersion(
  context: ActionContext,
  address: RoomAddress,
  { label, incarnation }: { readonly label: string | null; readonly incarnation: string | null },
): Promise<ActionResult<VersionCreateResult>> {
  return useDocument<VersionCreateResult>(context, address, async (stub) =>
    stub.createSnapshot(label, incarnation),
  );
}

/** Reads the state of a version as one Yjs update. */
export function readVersion(
  context: ActionContext,
  address: RoomAddress,
  version: VersionRef,
): Promise<ActionResult<VersionReadResult>> {
  return useVersion<VersionReadResult>(context, address, version, async (stub, createdAt) =>
    stub.readSnapshot(createdAt, version.incarnation),
  );
}

/** Gives the document the content of a version, as a new edit. */
export function restoreVersion(
  context: ActionContext,
  address: RoomAddress,
  version: VersionRef,
): Promise<ActionResult<RoomResult>> {
  return useVersion(context, address, version, async (stub, createdAt) => {
    const restored = await stub.restoreSnapshot(createdAt, version.incarnation);
    return restored.kind === 'full' ? ({ kind: 'no space to restore' } as const) : restored;
  });
}

export function deleteVersion(
  context: ActionContext,
  address: RoomAddress,
  version: VersionRef,
): Promise<ActionResult<RoomResult>> {
  return useVersion(context, address, version, async (stub, createdAt) =>
    stub.removeSnapshot(createdAt, version.incarnation),
  );
}

async function useDocument<Result extends RoomResult>(
  context: ActionContext,
  address: RoomAddress,
  call: (stub: DocumentStub) => Promise<Result | { readonly kind: RefusalKind }>,
): Promise<ActionResult<Result>> {
  const result = await callDocument(context.env, address, call);
  if (result.kind !== 'reached') return refuse(context.env, address, result);
  recordUse(context, address, result);
  return { ok: true, ...result };
}

async function useVersion<Result extends RoomResult>(
  context: ActionContext,
  address: RoomAddress,
  { id }: VersionRef,
  call: (stub: DocumentStub, createdAt: number) => Promise<Result | { readonly kind: RefusalKind }>,
): Promise<ActionResult<Result>> {
  const createdAt = parseVersionId(id);
  if (createdAt === null) return refuse(context.env, address, { kind: 'no such snapshot' });
  return useDocument(context, address, (stub) => call(stub, createdAt));
}
