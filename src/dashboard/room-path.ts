import type { DoType } from '../instance.ts';

const FOLDERS = { document: 'documents', workspace: 'workspaces' } as const satisfies Record<DoType, string>;

/** The address of a room's page. */
export function roomPath({ doType, resourceName }: { doType: DoType; resourceName: string }): string {
  return `/dashboard/${FOLDERS[doType]}/${encodeURIComponent(resourceName)}`;
}
