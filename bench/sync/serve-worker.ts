import path from 'node:path';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';

/** A Worker for workerd, in JSON as the one argument of this command. */
export interface ServedWorker {
  /** The bundle: one module. */
  readonly script: string;
  readonly port: number;
  /** Receives the data of Durable Objects and D1, laid out as wrangler does. */
  readonly folder: string;
  readonly compatibilityDate: string;
  /** Durable Objects: classes by the names of their bindings. */
  readonly classes: Readonly<Record<string, string>>;
  /** Ids of D1 databases by the names of their bindings. */
  readonly databases: Readonly<Record<string, string>>;
  readonly vars: Readonly<Record<string, string>>;
}

/*
 * Runs a bundled Worker in workerd, without what `wrangler dev` puts in front of it (a proxy, its inspector, a file watcher): all
 * Workers are measured this way.
 */
const served: ServedWorker = JSON.parse(process.argv[2] ?? '');
const durableObjects = Object.entries(served.classes).map(([binding, className]) => [
  binding,
  { className, useSQLite: true },
]);
const server = new Miniflare({
  ...convertV4MiniflareOptions({
    name: 'worker',
    modules: [{ type: 'ESModule', path: served.script }],
    modulesRoot: path.dirname(served.script),
    compatibilityDate: served.compatibilityDate,
    compatibilityFlags: ['nodejs_compat'],
    durableObjects: Object.fromEntries(durableObjects),
    d1Databases: served.databases,
    bindings: served.vars,
  }),
  host: '127.0.0.1',
  port: served.port,
  resourcePersistencePath: path.join(served.folder, 'v3'),
});
await server.ready;
process.on('SIGTERM', () => {
  void server.dispose().then(() => process.exit(0));
});
