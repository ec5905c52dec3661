import path from 'node:path';
import { parseArgs } from 'node:util';

const DEFAULT_PORT = 8787;
const DEFAULT_FOLDER = '.roomkeeper';
/** More often than deployed, so that results appear quickly. */
const DEFAULT_CRON_SECONDS = 10;
const MAX_PORT = 65_535;
const MAX_CRON_SECONDS = 3_600;

export const DEV_HELP = `Runs Roomkeeper on this machine: the Worker with its Durable Objects and D1, an embedded
Postgres 18 for the mirror, and the cron. Ctrl-C stops it. The data is kept.

  npm run dev [-- options]

  --port N           listen on this port of 127.0.0.1; 0 for any free port (default ${DEFAULT_PORT}, or the next free one)
  --persist-to DIR   keep the data here (default ${DEFAULT_FOLDER})
  --no-mirror        run without Postgres
  --cron-seconds N   interval of the cron (default ${DEFAULT_CRON_SECONDS})
  --help             this text

From the environment: OPERATOR_TOKEN, AUTH_JWKS_URL, AUTH_ISSUER, AUTH_AUDIENCE, TRUSTED_ORIGINS, TRUST_LOCALHOST,
GITHUB_CLIENT_ID, GITHUB_CLIENT_SECRET, GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET,
MIRROR_SCHEMA, ROOM_MAX_PAYLOAD_BYTES, ROOM_MAX_BYTES, ROOM_MAX_SOCKETS, ROOM_MAX_MESSAGES_PER_SECOND,
USER_MAX_ROOMS, USER_MAX_ROOMS_PER_HOUR (docs/reference/configuration.md).`;

export interface DevOptions {
  readonly port: number;
  /** Do not fall back to another port. */
  readonly portIsGiven: boolean;
  /** An absolute path. */
  readonly persistTo: string;
  readonly mirror: boolean;
  readonly cronSeconds: number;
}

/**
 * @returns `'help'` for --help
 * @throws a readable `Error`
 */
export function readDevOptions(args: readonly string[]): DevOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string' },
      'persist-to': { type: 'string', default: DEFAULT_FOLDER },
      'no-mirror': { type: 'boolean', default: false },
      'cron-seconds': { type: 'string', default: String(DEFAULT_CRON_SECONDS) },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  if (values['persist-to'] === '') throw new Error('--persist-to needs a folder.');
  return {
    port: readNumber('--port', values.port ?? String(DEFAULT_PORT), 0, MAX_PORT),
    portIsGiven: values.port !== undefined,
    persistTo: path.resolve(values['persist-to']),
    mirror: !values['no-mirror'],
    cronSeconds: readNumber('--cron-seconds', values['cron-seconds'], 1, MAX_CRON_SECONDS),
  };
}

function readNumber(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw new Error(`${option} must be a whole number from ${min} to ${max}, not "${text}".`);
  }
  return value;
}
