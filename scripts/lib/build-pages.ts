import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build, type OutputFile } from 'esbuild';
import { PROJECT_ROOT } from './project.ts';

const SOURCES = path.join(PROJECT_ROOT, 'src/dashboard/assets');
const DIST = path.join(PROJECT_ROOT, 'dist');
/** What Cloudflare serves without asking the Worker (wrangler.toml, `[assets]`). */
const PUBLIC = path.join(DIST, 'public');
const ASSETS = path.join(PUBLIC, 'assets');
/** Under which names the pages ask for them. */
const MANIFEST = path.join(DIST, 'assets.json');

/** Names have the content's hash in them, so a browser need never ask again. */
const HEADERS = `/assets/*
  Cache-Control: public, max-age=31536000, immutable
  X-Content-Type-Options: nosniff
  Cross-Origin-Resource-Policy: same-origin
`;

/** By their names in the manifest. */
const ENTRIES = { style: 'style.css', live: 'live.ts', rooms: 'search-rooms.ts', room: 'room.ts' };

/**
 * Bundles stylesheet and scripts of the pages into `dist/`. Files that are as they should be are not touched, since
 * several that run at once may be watching them.
 * @throws where a source is wrong
 */
export async function buildPages(): Promise<void> {
  const { outputFiles } = await build({
    entryPoints: Object.fromEntries(
      Object.entries(ENTRIES).map(([name, file]) => [name, path.join(SOURCES, file)]),
    ),
    outdir: ASSETS,
    bundle: true,
    format: 'esm',
    minify: true,
    target: ['chrome120', 'firefox121', 'safari17'],
    write: false,
    logLevel: 'warning',
  });
  const files = outputFiles.map(withHash);
  await mkdir(ASSETS, { recursive: true });
  await Promise.all(files.map(({ name, contents }) => writeWhereNew(path.join(ASSETS, name), contents)));
  await writeWhereNew(path.join(PUBLIC, '_headers'), Buffer.from(HEADERS));
  const manifest = Object.fromEntries(files.map(({ entry, name }) => [entry, `/assets/${name}`]));
  await writeWhereNew(MANIFEST, Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`));
  await removeOthers(files.map(({ name }) => name));
}

/** Of the content alone: esbuild's own hash is another one in another folder. */
function withHash({ path: file, contents }: OutputFile) {
  const { name: entry, ext } = path.parse(file);
  const hash = createHash('sha256').update(contents).digest('hex').slice(0, 12);
  return { entry, name: `${entry}.${hash}${ext}`, contents };
}

async function writeWhereNew(file: string, contents: Uint8Array): Promise<void> {
  const present = await readFile(file).catch(() => null);
  if (present?.equals(contents) === true) return;
  const whole = `${file}.${process.pid}`;
  await writeFile(whole, contents);
  await rename(whole, file);
}

async function removeOthers(kept: readonly string[]): Promise<void> {
  const present = await readdir(ASSETS);
  const stale = present.filter((name) => /\.(css|js)$/.test(name) && !kept.includes(name));
  await Promise.all(stale.map((name) => rm(path.join(ASSETS, name), { force: true })));
}
