import { cp } from 'node:fs/promises';
import path from 'node:path';
import { inject } from 'vitest';
import { makeFolder, type Site, siteAt } from '../support/system.ts';

/** The system that runs for all files that need none of their own: what is in it besides their own users is not theirs. */
export const site: Site = siteAt(inject('siteOrigin'));

/** A folder for a system of its own, whose D1 is there already. */
export async function migratedFolder(): Promise<string> {
  const folder = await makeFolder();
  await cp(inject('migratedData'), path.join(folder, 'wrangler'), { recursive: true });
  return folder;
}
