import type { DoType } from '../../domain/instance.ts';
import { ROOM_FOLDERS } from '../../domain/room-paths.ts';

/** The address of a room's page. */
export function roomPath({ doType, resourceName }: { doType: DoType; resourceName: string }): string {
  return `/dashboard/${ROOM_FOLDERS[doType]}/${encodeURIComponent(resourceName)}`;
}
