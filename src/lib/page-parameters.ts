import * as z from 'zod';
import { MAX_CURSOR_LENGTH } from './cursor.ts';

const MAX_LIMIT = 200;
const DEFAULT_LIMIT = 50;
const LIMIT_RULE = `limit must be an integer from 1 to ${MAX_LIMIT}.`;

/** Query parameters of every list. */
export const pageParameters = {
  limit: z
    .string()
    .regex(/^\d{1,3}$/, LIMIT_RULE)
    .transform(Number)
    .pipe(z.number().min(1, LIMIT_RULE).max(MAX_LIMIT, LIMIT_RULE))
    .default(DEFAULT_LIMIT)
    .meta({
      description: LIMIT_RULE,
      type: 'integer',
      minimum: 1,
      maximum: MAX_LIMIT,
      default: DEFAULT_LIMIT,
    }),
  cursor: z
    .string()
    .max(MAX_CURSOR_LENGTH, 'cursor is too long. Use the nextCursor of a response, or none.')
    .optional()
    .meta({ description: 'The `nextCursor` of the previous page, with the same other parameters.' }),
};
