import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PROJECT_ROOT } from './project.ts';

const WRANGLER_TOML = path.join(PROJECT_ROOT, 'wrangler.toml');
/** Goes with the packages. */
const CACHE = path.join(PROJECT_ROOT, 'node_modules/.cache/wrangler-toml');

/**
 * wrangler.toml as it is written. wrangler itself reads it, and what it read is kept under the text's hash: loading wrangler
 * takes most of a second, which every command would take longer.
 */
export async function readWranglerToml(): Promise<Record<string, unknown>> {
  const hash = createHash('sha256')
    .update(await readFile(WRANGLER_TOML))
    .digest('hex');
  const kept = path.join(CACHE, `${hash}.json`);
  const known = await readFile(kept, 'utf8').catch(() => null);
  if (known !== null) return JSON.parse(known);

  const { experimental_readRawConfig } = await import('wrangler');
  const read = JSON.stringify(experimental_readRawConfig({ config: WRANGLER_TOML }).rawConfig);
  await keep(kept, read);
  return JSON.parse(read);
}

/** At once, since others may read it meanwhile. Where nothing can be written, nothing is kept. */
async function keep(file: string, text: string): Promise<void> {
  const unfinished = `${file}.${randomUUID()}`;
  try {
    await mkdir(CACHE, { recursive: true });
    await writeFile(unfinished, text);
    await rename(unfinished, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
}
