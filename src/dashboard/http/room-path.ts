import { type DoType, ROOM_FOLDERS } from '../../domain/instance.ts';

/** The address of a room's page. */
export function roomPath({ doType, resourceName }: { doType: DoType; resourceName: string }): string {
  return `/dashboard/${ROOM_FOLDERS[doType]}/${encodeURIComponent(resourceName)}`;
}
