import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

/** Tries of one request, the first included. */
const ATTEMPTS = 5;
/** Before the second try, in milliseconds; doubles. An answer's `Retry-After` goes before it. */
const FIRST_DELAY_MS = 500;
/** Longest `Retry-After` that is waited for, in milliseconds: Cloudflare counts requests in windows of 5 minutes. */
const MAX_DELAY_MS = 5 * 60_000;
const ANSWER_WITHIN_MS = 60_000;
/** A list of more pages than this does not end. */
const MAX_PAGES = 100_000;

const Answer = z.looseObject({
  success: z.boolean(),
  errors: z.array(z.looseObject({ code: z.number().optional(), message: z.string() })).default([]),
  result: z.unknown(),
  result_info: z
    .looseObject({
      cursor: z.string().nullish(),
      cursors: z.looseObject({ after: z.string().nullish() }).nullish(),
      total_pages: z.number().nullish(),
    })
    .nullish(),
});
type Answer = z.infer<typeof Answer>;

interface Asked {
  readonly query?: Readonly<Record<string, string>>;
  /** Makes it a POST of JSON. */
  readonly body?: object;
}

export interface CloudflareRest {
  /** Fetches one thing below the API's root. @throws an `Error` for people, also where the answer has another form */
  get<Schema extends z.ZodType>(path: string, schema: Schema, asked?: Asked): Promise<z.output<Schema>>;
  /** Fetches a list page by page, by numbers or by cursors, whichever the answers have. */
  list<Schema extends z.ZodType>(
    path: string,
    item: Schema,
    asked?: Asked,
  ): AsyncGenerator<z.output<Schema>[]>;
}

export interface CloudflareRestOptions {
  /** Ends without a slash. */
  readonly root: string;
  readonly token: string;
  readonly onRetry: (why: string, delayMs: number) => void;
}

/**
 * Cloudflare's REST API (https://developers.cloudflare.com/api): the envelope, both kinds of paging, and tries again on
 * 429, on 5xx and where there is no answer. What it asks only reads, so asking twice does no harm.
 */
export function cloudflareRest(options: CloudflareRestOptions): CloudflareRest {
  return {
    async get(path, schema, asked = {}) {
      return parse(path, schema, (await request(options, path, asked)).result);
    },
    async *list(path, item, asked = {}) {
      let next: Record<string, string> = {};
      for (let page = 1; page <= MAX_PAGES; page++) {
        const query = { ...asked.query, ...next };
        const { result, result_info: info } = await request(options, path, { ...asked, query });
        yield parse(path, z.array(item), result);
        const cursor = info?.cursor || info?.cursors?.after;
        if (cursor) {
          if (next['cursor'] === cursor) throw new Error(`${path}: the list repeats a cursor.`);
          next = { cursor };
        } else if (page < (info?.total_pages ?? 0)) next = { page: String(page + 1) };
        else return;
      }
      throw new Error(`${path}: the list has more than ${MAX_PAGES} pages.`);
    },
  };
}

function parse<Schema extends z.ZodType>(path: string, schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Error(`${path} returned an unexpected response:\n${z.prettifyError(parsed.error)}`);
}

async function request(options: CloudflareRestOptions, path: string, asked: Asked): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    const tried = await tryOnce(options, path, asked);
    if (tried.ok) return tried.answer;
    if (!tried.mayPass || attempt === ATTEMPTS) throw new Error(`${path}: ${tried.why}`);
    const delay = Math.min(tried.afterMs ?? FIRST_DELAY_MS * 2 ** (attempt - 1), MAX_DELAY_MS);
    options.onRetry(tried.why, delay);
    await sleep(delay);
  }
}

type Tried =
  | { readonly ok: true; readonly answer: Answer }
  | { readonly ok: false; readonly why: string; readonly mayPass: boolean; readonly afterMs?: number };

async function tryOnce(
  { root, token }: CloudflareRestOptions,
  path: string,
  { query = {}, body }: Asked,
): Promise<Tried> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${root}${path}?${new URLSearchParams(query).toString()}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    text = await response.text();
  } catch (error) {
    return { ok: false, why: `no answer (${String(error)})`, mayPass: true };
  }
  const answer = Answer.safeParse(jsonOf(text)).data;
  if (response.ok && answer?.success === true) return { ok: true, answer };
  const said = answer?.errors.map(({ code, message }) => `${message} [${code ?? 'no code'}]`).join(', ');
  const mayPass = response.status === 429 || response.status >= 500;
  const afterS = Number(response.headers.get('retry-after') ?? Number.NaN);
  return {
    ok: false,
    why: `answered ${response.status}${said ? `: ${said}` : ''}`,
    mayPass,
    ...(Number.isFinite(afterS) ? { afterMs: afterS * 1000 } : {}),
  };
}

/** `undefined` for what is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
