import type {
  RoomFull,
  NoSuchVersion,
  RoomRefusal,
  RoomResult,
  RegistryPort,
  VersionInfo,
  VersionCreateResult,
  VersionReadResult,
  VersionListResult,
  TooLargeToRestore,
  TooManyVersions,
  UnreadableVersion,
} from '../contract/contract.ts';
import type { RoomLimits } from '../limits/room-limits.ts';
import { readTrustedUpdate } from '../../yjs/read-update.ts';
import { toRpcBytes } from './rpc-bytes.ts';
import type { VersionEntry } from '../contract/description.ts';
import { SyncRoom } from './sync-room.ts';

/** A document keeps deleted content (Yjs `gc: false`) for its versions. RPC calls versions snapshots, as the HTTP API does. */
export abstract class DocumentRoom<Env> extends SyncRoom<Env> {
  constructor(ctx: DurableObjectState, env: Env, registry: RegistryPort, limits: RoomLimits) {
    super(ctx, env, registry, { collectGarbage: false, limits });
  }

  /** Newest first. */
  listSnapshots(incarnation: string | null = null): VersionListResult | RoomRefusal {
    const now = this.room.beginCallOrRefuse(incarnation);
    if (typeof now !== 'number') return now;
    return { ...this.room.createResult(now), snapshots: this.room.versions.list().map(toVersionInfo) };
  }

  /** Creates a version of the present state. */
  createSnapshot(
    label: string | null,
    incarnation: string | null = null,
  ): VersionCreateResult | RoomRefusal | TooManyVersions {
    const now = this.room.beginCallOrRefuse(incarnation);
    if (typeof now !== 'number') return now;
    const version = this.room.versions.create(label, now);
    if (version === null) return { kind: 'too many snapshots' };
    return { ...this.room.createResult(now), snapshot: toVersionInfo(version) };
  }

  /** The content of a version, as one update (v1). */
  readSnapshot(
    createdAt: number,
    incarnation: string | null = null,
  ): VersionReadResult | RoomRefusal | NoSuchVersion | UnreadableVersion {
    const now = this.room.beginCallOrRefuse(incarnation);
    if (typeof now !== 'number') return now;
    const data = this.room.versions.read(createdAt);
    if (data === null) return { kind: 'no such snapshot' };
    if (data === 'unreadable') return { kind: 'unreadable snapshot' };
    return { ...this.room.createResult(now), data: toRpcBytes(data) };
  }

  /** Restores a version by an edit, which every client receives. */
  restoreSnapshot(
    createdAt: number,
    incarnation: string | null = null,
  ): RoomResult | RoomRefusal | NoSuchVersion | UnreadableVersion | RoomFull | TooLargeToRestore {
    const now = this.room.beginCallOrRefuse(incarnation);
    if (typeof now !== 'number') return now;
    const version = this.room.versions.read(createdAt);
    if (version === null) return { kind: 'no such snapshot' };
    if (version === 'unreadable') return { kind: 'unreadable snapshot' };
    const update = this.room.versions.createRestoreUpdate(version, now);
    if (update === 'too large') return { kind: 'too large to restore' };
    if (update !== null && !this.room.edits.storeWhole(readTrustedUpdate(update), now))
      return { kind: 'full' };
    return this.room.createResult(now);
  }

  removeSnapshot(
    createdAt: number,
    incarnation: string | null = null,
  ): RoomResult | RoomRefusal | NoSuchVersion {
    const now = this.room.beginCallOrRefuse(incarnation);
    if (typeof now !== 'number') return now;
    if (!this.room.versions.remove(createdAt)) return { kind: 'no such snapshot' };
    return this.room.createResult(now);
  }
}

const toVersionInfo = ({ createdAt, label }: VersionEntry): VersionInfo => ({ createdAt, label });
