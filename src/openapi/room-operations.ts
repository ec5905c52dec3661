import * as z from 'zod';
import { ROOM_FOLDERS } from '../domain/room-paths.ts';
import { createVersionSchema } from '../rooms/http/version-body.ts';
import { Compaction, Room, Snapshot, Snapshots } from './room-responses.ts';
import { BYTES, IF_NONE_MATCH, INCARNATION, NOT_MODIFIED, type Operation } from './operation.ts';

/** Path prefixes of rooms, with the word in the operation ids before the room's type. */
const PLACES = [
  { under: '/users/{userId}', own: '', of: '' },
  { under: '', own: 'Own', of: ' of the caller' },
] as const;

export const ROOM_OPERATIONS = PLACES.flatMap((place) =>
  (['workspace', 'document'] as const).flatMap((type) => createRoomOperations(type, place)),
);

function createRoomOperations(
  type: 'workspace' | 'document',
  { under, own, of }: (typeof PLACES)[number],
): Operation[] {
  const path = `${under}/${ROOM_FOLDERS[type]}/{name}`;
  const id = `${own}${type === 'workspace' ? 'Workspace' : 'Document'}`;
  const common = { path, tag: 'rooms', for: 'users' } as const;
  return [
    {
      ...common,
      method: 'get',
      id: `get${id}`,
      summary: `The whole state of a ${type}${of}; with "Upgrade: websocket", sync over y-websocket`,
      headers: { ...IF_NONE_MATCH, ...INCARNATION },
      answers: { 200: { what: 'One Yjs update (v1).', body: BYTES }, 304: NOT_MODIFIED },
      problems: [400, 404, 409, 410, 503],
    },
    {
      ...common,
      method: 'post',
      id: `sync${id}`,
      summary: `HTTP sync of a ${type}${of}: a state vector and an update, both length-prefixed (lib0)`,
      headers: { ...IF_NONE_MATCH, ...INCARNATION },
      body: BYTES,
      answers: {
        200: {
          what: 'What the client lacks as one Yjs update (v1). The client’s update is stored.',
          body: BYTES,
        },
        204: { what: 'The client has everything. The client’s update is stored.' },
      },
      problems: [400, 404, 409, 410, 413, 429, 503],
    },
    {
      ...common,
      method: 'put',
      id: `create${id}`,
      summary: `Creates a ${type}${of}, or recreates it after its deletion; a body (one Yjs update, v1) becomes its content`,
      body: BYTES,
      query: z.object({
        readmit: z
          .literal('true')
          .optional()
          .meta({ description: 'Allows content of earlier incarnations again.' }),
      }),
      answers: {
        200: { what: 'The room existed, and the request had no body.', body: Room },
        201: { what: 'The room was created or recreated.', body: Room },
      },
      problems: [400, 409, 413, 429, 503],
    },
    {
      ...common,
      method: 'delete',
      id: `delete${id}`,
      summary: `Deletes a ${type}${of} with its content`,
      headers: INCARNATION,
      answers: { 204: { what: 'The room is deleted.' } },
      problems: [400, 404, 409, 410, 503],
    },
    {
      ...common,
      path: `${path}/compaction`,
      method: 'post',
      id: `compact${id}`,
      summary: `Compacts a ${type}${of} now. Its content stays the same`,
      headers: INCARNATION,
      answers: { 200: { what: 'The result.', body: Compaction } },
      problems: [400, 404, 409, 410, 503],
    },
  ];
}

const versionDefaults = {
  tag: 'versions',
  for: 'users',
  headers: INCARNATION,
  problems: [400, 404, 409, 410, 503],
} as const;

/** The versions of documents. */
export const VERSION_OPERATIONS: readonly Operation[] = PLACES.flatMap(({ under, own, of }): Operation[] => {
  const snapshots = `${under}/documents/{name}/snapshots`;
  return [
    {
      ...versionDefaults,
      method: 'get',
      path: snapshots,
      id: `list${own}Snapshots`,
      summary: `The versions of a document${of}`,
      answers: { 200: { what: 'The versions.', body: Snapshots } },
    },
    {
      ...versionDefaults,
      method: 'post',
      path: snapshots,
      id: `create${own}Snapshot`,
      summary: `Stores the current state of a document${of} as a version`,
      body: createVersionSchema,
      answers: { 201: { what: 'The version.', body: Snapshot } },
      problems: [400, 404, 409, 410, 413, 503],
    },
    {
      ...versionDefaults,
      method: 'get',
      path: `${snapshots}/{id}`,
      id: `get${own}Snapshot`,
      summary: `The state of a version of a document${of}`,
      answers: { 200: { what: 'One Yjs update (v1).', body: BYTES } },
      problems: [400, 404, 410, 422, 503],
    },
    {
      ...versionDefaults,
      method: 'delete',
      path: `${snapshots}/{id}`,
      id: `delete${own}Snapshot`,
      summary: `Deletes a version of a document${of}`,
      answers: { 204: { what: 'The version is deleted.' } },
    },
    {
      ...versionDefaults,
      method: 'post',
      path: `${snapshots}/{id}/restore`,
      id: `restore${own}Snapshot`,
      summary: `Restores a version of a document${of} with a new edit that every client receives`,
      answers: { 204: { what: 'The version is restored.' } },
      problems: [400, 404, 410, 413, 422, 503],
    },
  ];
});
