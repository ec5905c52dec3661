import { roomPath } from '../http/room-path.ts';
import type { RoomRef } from './deps.ts';

/** The addresses of a room's page and of what can be done on it. `api` is the room's own, for programs. */
export function pathsOf(room: RoomRef) {
  const page = roomPath(room);
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
