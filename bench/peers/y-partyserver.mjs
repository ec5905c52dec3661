// As the README of y-partyserver says, with its document kept in the object's own SQLite.
import { routePartykitRequest } from 'partyserver';
import { YServer } from 'y-partyserver';
import * as Y from 'yjs';

export class Document extends YServer {
  async onLoad() {
    this.ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS document (id TEXT PRIMARY KEY, content BLOB)');
    const [row] = this.ctx.storage.sql.exec('SELECT content FROM document').toArray();
    if (row !== undefined) Y.applyUpdate(this.document, new Uint8Array(row.content));
  }

  async onSave() {
    this.ctx.storage.sql.exec(
      "INSERT OR REPLACE INTO document (id, content) VALUES ('document', ?)",
      Y.encodeStateAsUpdate(this.document),
    );
  }

  /** For the benchmarks: what it stores, in bytes. */
  onRequest() {
    return new Response(String(this.ctx.storage.sql.databaseSize));
  }
}

export default {
  async fetch(request, env) {
    return (await routePartykitRequest(request, env)) ?? new Response('ok');
  },
};
