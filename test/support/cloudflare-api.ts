import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';

/** The part of Cloudflare's account that a deployment touches. */
interface Account {
  /** D1 databases. */
  databases: { uuid: string; name: string }[];
  /** Files of d1-migrations that were applied. */
  migrations: string[];
  /** Static assets that were uploaded, by path. */
  assets: string[];
  /** Values of the Worker's secrets by name; `null` while there is no Worker. */
  secrets: Record<string, string> | null;
}

/** What may go wrong at Cloudflare. */
type Trouble = 'migration fails' | 'secrets cannot be listed' | 'upload fails' | 'upload never ends';

export interface CloudflareApi {
  readonly account: Account;
  /** What goes wrong from now on. */
  trouble: Trouble | undefined;
  /** For `CLOUDFLARE_API_BASE_URL`. */
  readonly url: string;
  /** Every request so far, as `PUT /workers/scripts/roomkeeper`, below the account. */
  readonly requests: readonly string[];
  stop(): Promise<void>;
}

export const NEW_DATABASE_ID = '11111111-2222-4333-8444-555555555555';
const ACCOUNT_ID = '0123456789abcdef0123456789abcdef';
const VERSION_ID = 'aaaaaaaabbbb4ccc8dddeeeeeeeeeeee';
const WORKER = '/workers/scripts/roomkeeper';

type Answer = readonly [status: number, body: object];

/**
 * Stands in for Cloudflare's REST API, which cannot be had here, towards the real wrangler: routes and answers as
 * wrangler 4.156.2 asks and reads them (https://developers.cloudflare.com/api). It keeps an account and runs no SQL.
 */
export async function startCloudflareApi(): Promise<CloudflareApi> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    void read(request).then((body) => {
      const route = String(request.url).replace(`/accounts/${ACCOUNT_ID}`, '').replace(/\?.*/, '');
      const asked = `${request.method} ${route}`;
      requests.push(asked);
      const answer = answerTo(api, asked, body);
      if (answer !== 'never') {
        response.writeHead(answer[0], { 'content-type': 'application/json' }).end(JSON.stringify(answer[1]));
      }
      return undefined;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  const api: CloudflareApi = {
    account: { databases: [], migrations: [], assets: [], secrets: null },
    trouble: undefined,
    url: `http://127.0.0.1:${address.port}`,
    requests,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return api;
}

function answerTo({ account, trouble }: CloudflareApi, asked: string, body: string): Answer | 'never' {
  const { databases, migrations, secrets } = account;
  switch (asked) {
    case 'GET /user/tokens/verify':
      return good({ id: 'token', status: 'active' });
    case 'GET /user':
      return good({ id: 'ada', email: 'ada@example.com' });
    case 'GET /accounts':
      return good([{ id: ACCOUNT_ID, name: 'Ada' }]);
    case 'GET /memberships':
      return good([{ id: 'membership', account: { id: ACCOUNT_ID, name: 'Ada' } }]);
    case 'GET /d1/database':
      return good(databases);
    case 'POST /d1/database':
      databases.push({ uuid: NEW_DATABASE_ID, name: JSON.parse(body).name });
      return good(databases.at(-1));
    case 'GET /workers/subdomain':
      return good({ subdomain: 'ada' });
    case 'GET /workers/workers/roomkeeper':
      return good({ subdomain: { enabled: true, previews_enabled: false } });
    case 'GET /workers/services/roomkeeper':
      if (secrets === null) return bad(404, 10_090, 'workers.api.error.service_not_found');
      return good({ default_environment: { environment: 'production', script: { tag: 'tag' } } });
    case 'GET /workers/scripts':
      return good(secrets === null ? [] : [{ id: 'roomkeeper', migration_tag: 'v1' }]);
    case `GET ${WORKER}/secrets`:
      if (trouble === 'secrets cannot be listed') return bad(403, 10_000, 'Authentication error');
      if (secrets === null) return bad(404, 10_007, 'This Worker does not exist on your account.');
      return good(Object.keys(secrets).map((name) => ({ name, type: 'secret_text' })));
    case `GET ${WORKER}/deployments`:
      return secrets === null ? bad(404, 10_007, 'There is no such Worker.') : good({ deployments: [] });
    case `PUT ${WORKER}`:
      if (trouble === 'upload never ends') return 'never';
      if (trouble === 'upload fails') return bad(400, 10_021, 'The Worker does not start.');
      account.secrets = { ...secrets, ...secretsIn(body) };
      return good({ id: 'roomkeeper', etag: 'etag', deployment_id: VERSION_ID, startup_time_ms: 12 });
    case `POST ${WORKER}/assets-upload-session`: {
      const { manifest }: { manifest: Record<string, { hash: string }> } = JSON.parse(body);
      account.assets = Object.keys(manifest);
      return good({ jwt: 'session', buckets: [Object.values(manifest).map(({ hash }) => hash)] });
    }
    case 'POST /workers/assets/upload':
      return good({ jwt: 'completion' });
    case `POST ${WORKER}/subdomain`:
      return good({ enabled: true, previews_enabled: false });
    case `PUT ${WORKER}/schedules`:
      return good({ schedules: JSON.parse(body) });
    default:
      break;
  }
  if (!/^POST \/d1\/database\/[^/]+\/query$/.test(asked)) return bad(404, 7_003, `No route for ${asked}`);
  const migration = /INSERT INTO \S*d1_migrations[^']*'([^']+)'/.exec(body)?.[1];
  if (migration !== undefined && trouble === 'migration fails')
    return bad(400, 7_500, 'near "x": syntax error at offset 1: SQLITE_ERROR');
  if (migration !== undefined) migrations.push(migration);
  const rows = /SELECT \*.*d1_migrations/.test(body) ? migrations.map((name, id) => ({ id, name })) : [];
  return good([{ results: rows, success: true, meta: { duration: 1 } }]);
}

/** The secrets in an upload's metadata, the first part of its form. */
function secretsIn(form: string): Record<string, string> {
  const metadata: { bindings: { name: string; type: string; text: string }[] } = JSON.parse(
    form.split('\r\n').find((line) => line.startsWith('{')) ?? '{}',
  );
  const secrets = metadata.bindings.filter(({ type }) => type === 'secret_text');
  return Object.fromEntries(secrets.map(({ name, text }) => [name, text]));
}

function good(result: unknown): Answer {
  const result_info = { page: 1, per_page: 50, count: 1, total_count: 1, total_pages: 1 };
  return [200, { success: true, errors: [], messages: [], result, result_info }];
}

function bad(status: number, code: number, message: string): Answer {
  return [status, { success: false, errors: [{ code, message }], messages: [], result: null }];
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
