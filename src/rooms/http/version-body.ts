import * as z from 'zod';
import { isPlainText } from '../../domain/room-address.ts';
import { MAX_LABEL_BYTES } from '../limits/room-limits.ts';

const labelSchema = z
  .string('label is a string or null.')
  .refine(
    (label) => new TextEncoder().encode(label).byteLength <= MAX_LABEL_BYTES,
    `label has at most ${MAX_LABEL_BYTES} bytes of UTF-8.`,
  )
  .refine(isPlainText, 'label contains no control characters.');

/** The body of `POST …/snapshots`. An empty label counts as none. */
export const createVersionSchema = z
  .object(
    { label: labelSchema.nullish().transform((label) => label || null) },
    'The body is a JSON object such as {"label": "First draft"}, or empty.',
  )
  .readonly();
