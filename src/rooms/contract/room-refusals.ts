import type { DoType } from '../../domain/instance.ts';
import type { ProblemStatus } from '../../lib/problem.ts';
import { CLOSE_CODES, type CloseCode } from '../../lib/refusals/refuse-upgrade.ts';
import { MAX_RANGES_PER_UPDATE, MAX_STRUCT_RANGES_PER_UPDATE } from '../../yjs/limits.ts';
import { MAX_RANGES_PER_ROOM, MAX_USER_VERSIONS } from '../limits/room-limits.ts';

/** What the texts of refusals mention. */
export interface RefusalContext {
  readonly doType: DoType;
  readonly resourceName: string;
  readonly maxRoomBytes: number;
  /** What is malformed. */
  readonly what: string;
  /** How many rooms the owner may have, or create in an hour. */
  readonly maxRooms: number;
  readonly retryAfterS: number;
}

export interface RefusalEntry {
  readonly status: ProblemStatus;
  /** For API clients: what is wrong, then what to do. */
  readonly detail: (context: RefusalContext) => string;
  /** For the user of a page. Missing where `detail` serves users too. */
  readonly message?: string;
  /** How a WebSocket is closed. Missing where no socket is refused for this. */
  readonly code?: CloseCode;
  /** At most 123 bytes of UTF-8 (RFC 6455, 5.5). */
  readonly reason?: string | ((context: RefusalContext) => string);
}

const GET_VERSIONS = 'GET …/snapshots lists the versions.';

const SPACE_ADVICE: Readonly<Record<DoType, string>> = {
  workspace: 'Delete content: a workspace frees the space of deleted content.',
  document:
    'A document keeps deleted content for its versions: delete versions, or move content to another room.',
};

const room = ({ doType, resourceName }: RefusalContext): string => `${doType} "${resourceName}"`;

/** Every refusal of an action on a room, by kind. Only `deleted` says that someone deleted the room. */
export const ROOM_REFUSALS = {
  absent: {
    status: 404,
    code: CLOSE_CODES.absent,
    reason: 'This incarnation does not exist. Keep your copy. PUT creates the room.',
    detail: (context) =>
      `The ${room(context)} does not exist, or not in this incarnation. It was not deleted: keep your copy. To create the room, use PUT, or a POST or WebSocket without an incarnation.`,
    message: 'The room does not exist any more. Nothing was changed.',
  },
  deleted: {
    status: 410,
    code: CLOSE_CODES.deleted,
    reason: 'The room was deleted.',
    detail: (context) => `The ${room(context)} was deleted. PUT recreates it, empty.`,
    message: 'The room was deleted. Nothing was changed.',
  },
  gone: {
    status: 409,
    code: CLOSE_CODES.replaced,
    reason: 'The room has another incarnation. Keep your copy. To open the room, name no incarnation.',
    detail: (context) =>
      `The ${room(context)} has another incarnation than the one in the request. Keep your copy. To open the room, name no incarnation and use a new Yjs document. To accept old content, use PUT with ?readmit=true.`,
    message: 'The room was deleted and recreated. The new room was not changed.',
  },
  former: {
    status: 409,
    code: CLOSE_CODES.replaced,
    reason: 'Content from before the room was deleted. Keep your copy. PUT ?readmit=true accepts it.',
    detail: (context) =>
      `The request has content from before the ${room(context)} was deleted. Keep your copy. Open the room with a new Yjs document, or accept old content by PUT with ?readmit=true.`,
    message: 'The content is from before the deletion of the room. Nothing was changed.',
  },
  malformed: {
    status: 400,
    detail: ({ what }) => `The body contains a malformed Yjs ${what}. Send the bytes that Yjs encodes.`,
  },
  'too many entries': {
    status: 413,
    detail: () =>
      `An update may have at most ${MAX_STRUCT_RANGES_PER_UPDATE} struct ranges, and ${MAX_RANGES_PER_UPDATE} struct and delete ranges together. Send it in smaller parts.`,
  },
  full: {
    status: 413,
    code: CLOSE_CODES.full,
    reason: ({ doType }: Pick<RefusalContext, 'doType'>) =>
      doType === 'workspace'
        ? 'The room is full: deletions are stored, inserts are not. Delete content, then connect again.'
        : 'The room is full: deletions are stored, inserts are not. Delete versions, or move content to another room.',
    detail: ({ doType, maxRoomBytes }) =>
      `The room is full: it may store ${maxRoomBytes} bytes and ${MAX_RANGES_PER_ROOM} struct and delete ranges. The inserts of this edit are not stored; its deletions are. ${SPACE_ADVICE[doType]}`,
  },
  'content too large': {
    status: 413,
    detail: ({ maxRoomBytes }) =>
      `The content is too large: a room may store ${maxRoomBytes} bytes and ${MAX_RANGES_PER_ROOM} struct and delete ranges. The room was not created. Divide the content among several rooms.`,
  },
  'no space to restore': {
    status: 413,
    detail: ({ maxRoomBytes }) =>
      `The room has no space left for this version: it may store ${maxRoomBytes} bytes. Nothing was changed. ${SPACE_ADVICE.document}`,
  },
  'too large to restore': {
    status: 413,
    detail: () =>
      'The document is too large to restore this version in place. GET the version and store it as another document.',
    message:
      'The document is too large to restore this version in place. Download the version and store it as another document.',
  },
  'no such snapshot': {
    status: 404,
    detail: (context) => `The ${room(context)} does not have this version. ${GET_VERSIONS}`,
    message:
      'This version does not exist any more: it was deleted, or thinned out with age. Nothing was changed.',
  },
  'unreadable snapshot': {
    status: 422,
    detail: () => `This version is damaged and cannot be read. ${GET_VERSIONS}`,
    message: 'This version is damaged and cannot be read. Nothing was changed.',
  },
  'too many snapshots': {
    status: 409,
    detail: () => `The document has ${MAX_USER_VERSIONS} versions created by users. Delete some of them.`,
  },
  'being read': {
    status: 409,
    detail: () => 'The content is being sent to a client. Try again in a moment.',
  },
  'too many rooms': {
    status: 429,
    code: CLOSE_CODES.tooFast,
    reason: ({ maxRooms }) => `A user may have ${maxRooms} rooms. Delete other rooms first.`,
    detail: ({ maxRooms }) =>
      `A user may have ${maxRooms} rooms. The room was not created. Delete other rooms first.`,
  },
  'too many rooms per hour': {
    status: 429,
    code: CLOSE_CODES.tooFast,
    reason: ({ maxRooms, retryAfterS }) =>
      `A user may create ${maxRooms} rooms an hour. Try again in ${retryAfterS} s.`,
    detail: ({ maxRooms, retryAfterS }) =>
      `A user may create ${maxRooms} rooms an hour. The room was not created. Try again in ${retryAfterS} s.`,
  },
} as const satisfies Record<string, RefusalEntry>;

export type RefusalKind = keyof typeof ROOM_REFUSALS;
