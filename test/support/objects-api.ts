import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PROJECT_ROOT } from '../../scripts/lib/project.ts';

export const ACCOUNT_ID = '0123456789abcdef0123456789abcdef';
export const DATABASE_ID = '11111111-2222-4333-8444-555555555555';
export const TOKEN = 'a token';

interface Listed {
  readonly id: string;
  readonly hasStoredData: boolean;
}

/** Cloudflare's answer to the next request, in place of the right one. */
type Trouble =
  | readonly [status: number, headers: Readonly<Record<string, string>>, body: string]
  | 'hangs up';

export interface ObjectsApi {
  /** By class. */
  readonly objects: Record<string, Listed[]>;
  /** The registry: SQLite with the migrations of D1. */
  readonly registry: DatabaseSync;
  /** Runs before each page of objects is answered. */
  beforePage: () => void;
  /** What goes wrong with the next requests, one each. */
  readonly troubles: Trouble[];
  /** Every request so far, as `GET /accounts`. */
  readonly requests: string[];
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Stands in for the part of Cloudflare's REST API that an audit asks, which cannot be had here: the routes, envelopes and
 * paging of https://developers.cloudflare.com/api (Durable Objects: List Namespaces, List Objects; D1: Query). SQL is run.
 */
export async function startObjectsApi({ objectsAPage }: { objectsAPage: number }): Promise<ObjectsApi> {
  const registry = new DatabaseSync(':memory:');
  const migrations = path.join(PROJECT_ROOT, 'd1-migrations');
  for (const name of readdirSync(migrations)
    .filter((name) => name.endsWith('.sql'))
    .toSorted())
    registry.exec(readFileSync(path.join(migrations, name), 'utf8'));
  const server = createServer((request, response) => {
    void read(request).then((body) => {
      const url = new URL(String(request.url), 'http://localhost');
      api.requests.push(`${request.method} ${url.pathname}${url.search}`);
      const trouble = api.troubles.shift();
      if (trouble === 'hangs up') return response.destroy();
      const [status, headers, text] = trouble ?? answerTo(api, request, url, body, objectsAPage);
      return response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  const api: ObjectsApi = {
    objects: { WorkspaceRoom: [], DocumentRoom: [] },
    registry,
    beforePage: () => undefined,
    troubles: [],
    requests: [],
    url: `http://127.0.0.1:${address.port}`,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return api;
}

type Answer = readonly [status: number, headers: Record<string, string>, body: string];

function answerTo(api: ObjectsApi, request: IncomingMessage, url: URL, body: string, aPage: number): Answer {
  if (request.headers.authorization !== `Bearer ${TOKEN}`) return bad(401, 10_000, 'Authentication error');
  const asked = `${request.method} ${url.pathname.replace(`/accounts/${ACCOUNT_ID}`, '')}`;
  const classes = ['Other', ...Object.keys(api.objects)];
  if (asked === 'GET /accounts') return good([{ id: ACCOUNT_ID, name: 'Ada' }], {});
  if (asked === 'GET /workers/durable_objects/namespaces') {
    // One a page, by numbers.
    const page = Number(url.searchParams.get('page') ?? 1);
    const name = classes[page - 1] ?? '';
    const namespace = {
      id: `namespace-of-${name}`,
      class: name,
      script: 'roomkeeper',
      name,
      use_sqlite: true,
    };
    return good([namespace], { page, per_page: 1, count: 1, total_count: 3, total_pages: classes.length });
  }
  const ofNamespace = /^GET \/workers\/durable_objects\/namespaces\/namespace-of-(\w+)\/objects$/.exec(asked);
  if (ofNamespace !== null) {
    api.beforePage();
    const all = (api.objects[ofNamespace[1] ?? ''] ?? []).toSorted((one, other) =>
      one.id < other.id ? -1 : 1,
    );
    const after = url.searchParams.get('cursor') ?? '';
    const rest = all.filter(({ id }) => id > after);
    const page = rest.slice(0, aPage);
    const cursor = rest.length > aPage ? page.at(-1)?.id : '';
    return good(page, { count: page.length, cursor });
  }
  if (asked === `POST /d1/database/${DATABASE_ID}/query`) {
    const { sql, params }: { sql: string; params: string[] } = JSON.parse(body);
    return good([{ results: api.registry.prepare(sql).all(...params), success: true, meta: {} }], undefined);
  }
  return bad(404, 7_003, `No route for ${asked}`);
}

function good(result: unknown, resultInfo: object | undefined): Answer {
  return [
    200,
    {},
    JSON.stringify({ success: true, errors: [], messages: [], result, result_info: resultInfo }),
  ];
}

export function bad(
  status: number,
  code: number,
  message: string,
  headers: Record<string, string> = {},
): Answer {
  return [
    status,
    headers,
    JSON.stringify({ success: false, errors: [{ code, message }], messages: [], result: null }),
  ];
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
