// As the README of @hocuspocus/server says. Of its SQLite extension the schema and the queries; but SQLite is the one that Node brings,
// since the extension's would have to be compiled. Arguments: port, database file.
import { DatabaseSync } from 'node:sqlite';
import { Database } from '@hocuspocus/extension-database';
import { Server } from '@hocuspocus/server';

const [port, file] = process.argv.slice(2);
const sqlite = new DatabaseSync(file);
sqlite.exec(
  'CREATE TABLE IF NOT EXISTS documents (name varchar(255) NOT NULL, data blob NOT NULL, UNIQUE(name))',
);
const select = sqlite.prepare('SELECT data FROM documents WHERE name = ? ORDER BY rowid DESC');
const upsert = sqlite.prepare(
  'INSERT INTO documents (name, data) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET data = excluded.data',
);
const server = new Server({
  port: Number(port),
  address: '127.0.0.1',
  quiet: true,
  extensions: [
    new Database({
      fetch: async ({ documentName }) => select.get(documentName)?.data ?? null,
      store: async ({ documentName, state }) => void upsert.run(documentName, state),
    }),
  ],
});
await server.listen();
