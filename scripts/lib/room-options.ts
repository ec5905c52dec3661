import { parseArgs } from 'node:util';
import { localOrigin } from './local-origin.ts';

const EXAMPLE_ORIGIN = 'http://localhost:8787';

export const ROOM_HELP = `Reads and writes a room over HTTP.

  npm run -s room -- pull <room> [options]    the whole state, as one Yjs update (v1)
  npm run -s room -- push <room> [options]    adds a Yjs update (v1) to the room
  npm run -s room -- watch <room> [options]   a line for each change, until Ctrl-C

  <room>                 documents/<name> or workspaces/<name>: a room of the token's user, the name as it is; or the room's
                         canonical path, users/<user id>/documents/<name>, both encoded as in a URL

  --origin URL           where Roomkeeper is (default: where "npm run dev" is)
  --token TOKEN          a session token or a JWT; better in ROOMKEEPER_TOKEN, where other users of the machine cannot
                         see it
  --incarnation ID       the incarnation of the room that is meant, as pull and push print it: if the room is another one,
                         nothing is read or written
  --file FILE            what pull writes and push reads (default: standard output and input)
  --json                 pull: the shared types as JSON; push and watch: each line as JSON
  --help                 this text

Push makes the room where there is none, unless an incarnation is named; pull and watch do not.`;

/** The person at the terminal must say something else. */
export class Misuse extends Error {}

export interface RoomOptions {
  readonly action: 'pull' | 'push' | 'watch';
  /** Of the room. */
  readonly url: string;
  readonly token: string;
  /** The incarnation of the room that is meant; `null`: whichever there is. */
  readonly incarnation: string | null;
  /** `undefined`: standard input or output. */
  readonly file: string | undefined;
  readonly json: boolean;
}

/**
 * @returns `'help'` where that was asked for
 * @throws a `Misuse`
 */
export function readRoomOptions(args: readonly string[], env: NodeJS.ProcessEnv): RoomOptions | 'help' {
  const { values, positionals } = parse(args);
  if (values.help === true) return 'help';
  const [action, room, ...rest] = positionals;
  if (action !== 'pull' && action !== 'push' && action !== 'watch')
    throw new Misuse('Say "pull", "push" or "watch", and a room.');
  if (room === undefined || rest.length > 0) throw new Misuse('Name one room.');
  const token = values.token ?? env['ROOMKEEPER_TOKEN'] ?? '';
  if (token === '') throw new Misuse('Set ROOMKEEPER_TOKEN to a session token, or pass --token.');
  if (action === 'watch' && values.file !== undefined) throw new Misuse('--file goes with pull and push.');
  const { file, json, incarnation = null } = values;
  return { action, url: getUrl(values.origin ?? localOrigin(), room), token, incarnation, file, json };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        origin: { type: 'string' },
        token: { type: 'string' },
        incarnation: { type: 'string' },
        file: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new Misuse(error instanceof Error ? error.message : String(error));
  }
}

function getUrl(origin: string, room: string): string {
  const path = pathOf(room);
  if (path === null) {
    throw new Misuse(
      `"${room}" is no room: name documents/<name>, workspaces/<name>, or the canonical path users/<user id>/documents/<name>.`,
    );
  }
  if (!/^https?:\/\//.test(origin) || !URL.canParse(origin))
    throw new Misuse(`"${origin}" is no origin, such as ${EXAMPLE_ORIGIN}.`);
  return new URL(path, origin).href;
}

/** The path of a room's URL; `null` where the text names no room. */
function pathOf(room: string): string | null {
  if (/^\/?users\/[^/]+\/(documents|workspaces)\/[^/?#]+$/u.test(room))
    return room.startsWith('/') ? room : `/${room}`;
  const [, folder, name] = /^(documents|workspaces)\/(.+)$/su.exec(room) ?? [];
  return folder === undefined || name === undefined ? null : `/${folder}/${encodeURIComponent(name)}`;
}
