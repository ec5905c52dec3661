import { formatCounted } from '../../ui/format.ts';
import { toVisibleText } from '../../ui/visible-text.ts';
import type { Cell } from './map-cells.ts';

export const TYPE_NAMES = { document: 'document', workspace: 'workspace' } as const;

export const getCellName = ({ room, rooms }: Cell): string =>
  room === null ? formatCounted(rooms, 'other room', 'other rooms') : toVisibleText(room.resourceName);
