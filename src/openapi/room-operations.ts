import * as z from 'zod';
import { createSnapshotSchema } from '../rooms/snapshot-body.ts';
import { Compaction, Room, Snapshot, Snapshots } from './answers.ts';
import { BYTES, IF_NONE_MATCH, INCARNATION, KNOWN, type Operation } from './operation.ts';

/** The rooms themselves. */
export const ROOM_OPERATIONS = (['workspace', 'document'] as const).flatMap((type): Operation[] => {
  const path = `/${type}s/{name}`;
  const id = type === 'workspace' ? 'Workspace' : 'Document';
  const common = { path, tag: 'rooms', for: 'users' } as const;
  return [
    {
      ...common,
      method: 'get',
      id: `get${id}`,
      summary: `The whole state of a ${type}; with "Upgrade: websocket", sync over y-websocket`,
      headers: { ...IF_NONE_MATCH, ...INCARNATION },
      answers: { 200: { what: 'One Yjs update (v1).', body: BYTES }, 304: KNOWN },
      problems: [400, 404, 410, 503],
    },
    {
      ...common,
      method: 'post',
      id: `sync${id}`,
      summary: `HTTP sync of a ${type}: a state vector and an update, each with its length before it (lib0)`,
      headers: { ...IF_NONE_MATCH, ...INCARNATION },
      body: BYTES,
      answers: {
        200: { what: 'What the client lacks, one Yjs update (v1). Its own update is stored.', body: BYTES },
        204: { what: 'The client has everything. Its own update is stored.' },
      },
      problems: [400, 410, 413, 503],
    },
    {
      ...common,
      method: 'put',
      id: `create${id}`,
      summary: `Creates a ${type}, or recreates it after its deletion`,
      query: z.object({
        readmit: z.literal('true').optional().meta({ description: 'Lets content of earlier lives back in.' }),
      }),
      answers: {
        200: { what: 'It was there.', body: Room },
        201: { what: 'It was created or recreated.', body: Room },
      },
      problems: [400, 503],
    },
    {
      ...common,
      method: 'delete',
      id: `delete${id}`,
      summary: `Deletes a ${type} and all it stores`,
      headers: INCARNATION,
      answers: { 204: { what: 'It is gone.' } },
      problems: [400, 404, 410, 503],
    },
    {
      ...common,
      path: `${path}/compaction`,
      method: 'post',
      id: `compact${id}`,
      summary: `Compacts a ${type} now, not when it is due; what it says stays the same`,
      headers: INCARNATION,
      answers: { 200: { what: 'What that gained.', body: Compaction } },
      problems: [400, 404, 409, 410, 503],
    },
  ];
});

const SNAPSHOTS = '/documents/{name}/snapshots';
const ofVersions = {
  tag: 'versions',
  for: 'users',
  headers: INCARNATION,
  problems: [400, 404, 410, 503],
} as const;

/** The versions of documents. */
export const VERSION_OPERATIONS: readonly Operation[] = [
  {
    ...ofVersions,
    method: 'get',
    path: SNAPSHOTS,
    id: 'listSnapshots',
    summary: 'The versions of a document',
    answers: { 200: { what: 'Its versions.', body: Snapshots } },
  },
  {
    ...ofVersions,
    method: 'post',
    path: SNAPSHOTS,
    id: 'createSnapshot',
    summary: 'Keeps the present state as a version',
    body: createSnapshotSchema,
    answers: { 201: { what: 'The version.', body: Snapshot } },
    problems: [400, 404, 409, 410, 413, 503],
  },
  {
    ...ofVersions,
    method: 'get',
    path: `${SNAPSHOTS}/{id}`,
    id: 'getSnapshot',
    summary: 'The state as of a version',
    answers: { 200: { what: 'One Yjs update (v1).', body: BYTES } },
  },
  {
    ...ofVersions,
    method: 'delete',
    path: `${SNAPSHOTS}/{id}`,
    id: 'deleteSnapshot',
    summary: 'Deletes a version',
    answers: { 204: { what: 'It is gone.' } },
  },
  {
    ...ofVersions,
    method: 'post',
    path: `${SNAPSHOTS}/{id}/restore`,
    id: 'restoreSnapshot',
    summary: 'Brings a version back, by a new edit that every client receives',
    answers: { 204: { what: 'The content is that version’s.' } },
  },
];
