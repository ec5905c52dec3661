import { cp } from 'node:fs/promises';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { readWranglerToml } from '../../../scripts/lib/wrangler-toml.ts';
import { migrateLocalD1 } from '../../../scripts/lib/migrate-local-d1.ts';
import { killLeftovers } from '../../support/dev-process.ts';
import { installClientVersions } from '../../support/install-clients.ts';
import { makeFolder, removeFolder, startSystem } from '../../support/system.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The local data of a wrangler whose D1 is migrated and empty, to be copied: wrangler takes seconds to make it. */
    migratedData: string;
    /** Where a system without mirror runs for all files that need no system of their own. */
    siteOrigin: string;
    /** The folder of its data. */
    siteFolder: string;
  }
}

/** Makes what the files of the project `system` share, and stops and removes it when its tests are done. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await installClientVersions();
  const [template, siteFolder] = [await makeFolder(), await makeFolder()];
  const clean = async (): Promise<void> => {
    await killLeftovers();
    await Promise.all([template, siteFolder].map(removeFolder));
  };
  try {
    const data = path.join(template, 'wrangler');
    await migrateLocalD1({ raw: await readWranglerToml(), home: template, data });
    await cp(data, path.join(siteFolder, 'wrangler'), { recursive: true });
    const site = await startSystem({ persistTo: siteFolder, mirror: false });
    project.provide('migratedData', data);
    project.provide('siteOrigin', site.origin);
    project.provide('siteFolder', siteFolder);
  } catch (error) {
    await clean();
    throw error;
  }
  return clean;
}
