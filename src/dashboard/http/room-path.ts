import type { DoType } from '../../domain/instance.ts';
import { ROOM_FOLDERS } from '../../domain/room-paths.ts';

export function getRoomPath({ doType, resourceName }: { doType: DoType; resourceName: string }): string {
  return `/dashboard/${ROOM_FOLDERS[doType]}/${encodeURIComponent(resourceName)}`;
}
