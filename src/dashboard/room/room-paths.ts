import { getRoomPath } from '../http/room-path.ts';
import type { RoomRef } from './deps.ts';

/** `api` is the room's path for programs. The others are pages and forms. */
export function getRoomPaths(room: RoomRef) {
  const page = getRoomPath(room);
  return {
    page,
    delete: `${page}/delete`,
    create: `${page}/create`,
    compact: `${page}/compact`,
    versions: `${page}/versions`,
    version: (id: string) => `${page}/versions/${id}`,
    restore: (id: string) => `${page}/versions/${id}/restore`,
    deleteVersion: (id: string) => `${page}/versions/${id}/delete`,
    api: page.slice('/dashboard'.length),
  } as const;
}
