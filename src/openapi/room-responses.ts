import * as z from 'zod';
import { DO_TYPES } from '../domain/instance.ts';
import { bytes, time } from './common-responses.ts';

export const Room = z.strictObject({
  doType: z.enum(DO_TYPES),
  resourceName: z.string(),
  doName: z.string(),
  createdAt: time,
  storageBytes: bytes,
  incarnation: z
    .string()
    .meta({ description: 'Send it in Room-Incarnation to reach no other incarnation of the room.' }),
});

export const Compaction = z.strictObject({
  compacted: z.boolean().meta({ description: 'False if compaction would not save space.' }),
  storageBytesBefore: bytes,
  storageBytes: bytes.meta({ description: 'In bytes, after the compaction.' }),
});

export const Snapshot = z.strictObject({ id: z.string(), label: z.string().nullable(), createdAt: time });
export const Snapshots = z.array(Snapshot).meta({ description: 'Newest first.' });
