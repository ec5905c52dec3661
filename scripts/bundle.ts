import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Metafile, neededByNoSync, partsOf } from './lib/bundle-contents.ts';
import { failWithMessage } from './lib/command.ts';
import { runToEnd } from './lib/processes.ts';
import { PROJECT_ROOT } from './lib/project.ts';
import { measureStart } from './lib/start-time.ts';
import { localWrangler } from './lib/wrangler.ts';

/** The largest the Worker may be, gzipped, in bytes. (Cloudflare would take 3 MB, "Workers: Limits".) */
const MAX_GZIPPED_BYTES = 450_000;
/** How many parts are named where it is larger. */
const PARTS_NAMED = 15;

/**
 * Bundles the Worker as a deployment would, without deploying it. Tells its size and what starting it takes; fails where it is
 * too large, and where what no sync needs would be loaded with every isolate.
 */
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
      throw new Error(`The Worker is too large: ${of}.\n${partsTable(metafile)}`);
    const ways = neededByNoSync(metafile);
    if (ways.length > 0) {
      throw new Error(
        `No sync needs this, and every isolate would load it (src/worker/app.ts):\n${ways.join('\n')}`,
      );
    }
    const { wallMs, cpuMs } = await measureStart(script, await compatibilityDate());
    const cpu = cpuMs === null ? '' : `, ${cpuMs.toFixed(0)} ms of the processor`;
    console.log(`The Worker can be deployed: ${of}. Parsed and started in ${wallMs.toFixed(0)} ms${cpu}.`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Bytes before gzip: what compresses into what cannot be told of a part. */
function partsTable(metafile: Metafile): string {
  const rows = partsOf(metafile).slice(0, PARTS_NAMED);
  return ['Its largest parts, in bytes before gzip:']
    .concat(rows.map(({ part, bytes }) => `  ${bytes.toLocaleString('en').padStart(9)}  ${part}`))
    .join('\n');
}

async function compatibilityDate(): Promise<string> {
  const config = await readFile(path.join(PROJECT_ROOT, 'wrangler.toml'), 'utf8');
  const [, date] = /^compatibility_date = "(.*)"$/m.exec(config) ?? [];
  if (date === undefined) throw new Error('wrangler.toml names no compatibility date.');
  return date;
}

main().catch(failWithMessage);
