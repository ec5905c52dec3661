import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Metafile, findUnneededImports, listParts } from './lib/bundle-contents.ts';
import { failWithMessage } from './lib/command.ts';
import { runToEnd } from './lib/processes.ts';
import { PROJECT_ROOT } from './lib/project.ts';
import { measureStart } from './lib/start-time.ts';
import { localWrangler } from './lib/wrangler.ts';

/** Cloudflare's limit is 3 MB ("Workers: Limits"). */
const MAX_GZIPPED_BYTES = 450_000;
const MAX_LISTED_PARTS = 15;

/** Bundles the Worker, measures its size and start time, and fails if it is too large or loads code that sync does not need. */
async function main(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'roomkeeper-bundle-'));
  try {
    const [out, metafilePath] = [path.join(folder, 'out'), path.join(folder, 'metafile.json')];
    const args = ['deploy', '--dry-run', '--outdir', out, '--metafile', metafilePath];
    await runToEnd(localWrangler(args, { home: folder }));
    const metafile: Metafile = JSON.parse(await readFile(metafilePath, 'utf8'));
    const script = await readFile(path.join(out, 'index.js'), 'utf8');

    const gzipped = gzipSync(script).byteLength;
    const of = `${gzipped.toLocaleString('en')} of ${MAX_GZIPPED_BYTES.toLocaleString('en')} bytes gzipped`;
    if (gzipped > MAX_GZIPPED_BYTES)
      throw new Error(`The Worker is too large: ${of}.\n${formatParts(metafile)}`);
    const imports = findUnneededImports(metafile);
    if (imports.length > 0) {
      throw new Error(
        `Every isolate would load code that sync does not need. Import it lazily (src/worker/app.ts):\n${imports.join('\n')}`,
      );
    }
    const { wallMs, cpuMs } = await measureStart(script, await readCompatibilityDate());
    const cpu = cpuMs === null ? '' : `, ${cpuMs.toFixed(0)} ms of CPU`;
    console.log(`The Worker can be deployed: ${of}. It starts in ${wallMs.toFixed(0)} ms${cpu}.`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Bytes before gzip, because the compressed size of a part is unknown. */
function formatParts(metafile: Metafile): string {
  const rows = listParts(metafile).slice(0, MAX_LISTED_PARTS);
  return ['Largest parts, in bytes before gzip:']
    .concat(rows.map(({ part, bytes }) => `  ${bytes.toLocaleString('en').padStart(9)}  ${part}`))
    .join('\n');
}

async function readCompatibilityDate(): Promise<string> {
  const config = await readFile(path.join(PROJECT_ROOT, 'wrangler.toml'), 'utf8');
  const [, date] = /^compatibility_date = "(.*)"$/m.exec(config) ?? [];
  if (date === undefined) throw new Error('wrangler.toml has no compatibility_date.');
  return date;
}

main().catch(failWithMessage);
