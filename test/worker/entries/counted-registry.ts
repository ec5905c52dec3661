import type { Bindings } from '../../../src/domain/env.ts';
import worker, {
  AccountEraser,
  DocumentRoom as Documents,
  WorkspaceRoom as Workspaces,
} from '../../../src/index.ts';

/**
 * The Worker as it is, which also counts the rows that recording each room writes in D1, by D1's own `meta.rows_written`:
 * `GET /counted` gives them by the rooms' names. And a request for a room may ask by a header for a registry that is not
 * there, slow or failing, so that the response can be compared with what it is otherwise (bench/registry/writes.ts). Every
 * sync of a document whose name ends in `always-news` is recorded, as if it were the first one for a while.
 */
export { AccountEraser };

const HEADER = 'x-registry';
/** What the header may say. */
const REGISTRIES = ['as it is', 'none', 'slow', 'failing'] as const;
type Registry = (typeof REGISTRIES)[number];

const ALWAYS_NEWS = ':always-news';
const SLOW_BY_MS = 10_000;
const FAILURE = 'D1_ERROR: this registry fails';

// `wrangler dev` takes some milliseconds of this machine for each line that is printed, and the responses would wait for them.
const printError = console.error.bind(console);
console.error = (...said) => {
  const [record] = said;
  const isWanted = typeof record === 'object' && String(Reflect.get(record, 'error')).includes(FAILURE);
  if (!isWanted) printError(...said);
};

const rowsWritten = new Map<string, number>();

export default {
  ...worker,
  fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === '/counted') return Response.json(Object.fromEntries(rowsWritten));
    const isOfRoom = pathname.startsWith('/documents/') || pathname.startsWith('/workspaces/');
    if (!isOfRoom) return worker.fetch(request, env, ctx);
    const asked = request.headers.get(HEADER) ?? 'as it is';
    const registry = REGISTRIES.find((known) => known === asked);
    if (registry === undefined) throw new Error(`${HEADER}: ${asked}`);
    return worker.fetch(request, { ...env, DB: counted(env.DB, registry) }, ctx);
  },
} satisfies ExportedHandler<Bindings>;

export class WorkspaceRoom extends Workspaces {
  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, { ...env, DB: counted(env.DB, 'as it is') });
  }
}

export class DocumentRoom extends Documents {
  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, { ...env, DB: counted(env.DB, 'as it is') });
  }

  override sync(...args: Parameters<Documents['sync']>): ReturnType<Documents['sync']> {
    const synced = super.sync(...args);
    if (synced.kind !== 'reached') return synced;
    return {
      ...synced,
      shouldRecord: synced.shouldRecord || this.ctx.id.name?.endsWith(ALWAYS_NEWS) === true,
    };
  }
}

/** The registry is written by batches alone, of statements whose first parameter is the room's name. */
function counted(db: D1Database, registry: Registry): D1Database {
  const names = new WeakMap<D1PreparedStatement, unknown>();
  const batch = async (statements: D1PreparedStatement[]): Promise<D1Result[]> => {
    if (registry === 'none') return [];
    if (registry === 'failing') throw new Error(FAILURE);
    if (registry === 'slow') await new Promise((resolve) => setTimeout(resolve, SLOW_BY_MS));
    const results = await db.batch(statements);
    statements.forEach((statement, index) => {
      const name = String(names.get(statement));
      const written = results[index]?.meta.rows_written ?? 0;
      rowsWritten.set(name, (rowsWritten.get(name) ?? 0) + written);
    });
    return results;
  };
  const prepare = (sql: string) => {
    const statement = db.prepare(sql);
    return {
      bind(...parameters: unknown[]) {
        const bound = statement.bind(...parameters);
        names.set(bound, parameters[0]);
        return bound;
      },
    };
  };
  return new Proxy(db, {
    get(_, property) {
      if (property === 'batch') return batch;
      if (property === 'prepare') return prepare;
      throw new Error(`not counted: ${String(property)}`);
    },
  });
}
