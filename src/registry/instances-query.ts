import { z } from 'zod';
import { DO_TYPES } from '../instance.ts';
import { MAX_CURSOR_LENGTH } from './cursor.ts';

export const INSTANCE_SORTS = ['storageBytes', 'lastAccessedAt', 'createdAt', 'resourceName'] as const;
export type InstanceSort = (typeof INSTANCE_SORTS)[number];

const MAX_LIMIT = 200;
const DEFAULT_LIMIT = 50;
/** A resource's name has at most 256 bytes, so nothing longer can be contained in one. */
const MAX_Q_LENGTH = 256;

const LIMIT_RULE = `limit is a whole number from 1 to ${MAX_LIMIT}.`;

/**
 * The parameters of `GET /api/instances`. Without `sort` the room used last comes first; without `order` names
 * ascend and all else descends. Parameters that are not named here are ignored.
 */
export const instancesQuerySchema = z
  .object({
    type: z.enum(DO_TYPES, { error: `type is one of ${DO_TYPES.join(', ')}.` }).optional(),
    q: z.string().max(MAX_Q_LENGTH, `q has at most ${MAX_Q_LENGTH} characters.`).optional(),
    sort: z
      .enum(INSTANCE_SORTS, { error: `sort is one of ${INSTANCE_SORTS.join(', ')}.` })
      .default('lastAccessedAt'),
    order: z.enum(['asc', 'desc'], { error: 'order is asc or desc.' }).optional(),
    limit: z
      .string()
      .regex(/^\d{1,3}$/, LIMIT_RULE)
      .transform(Number)
      .pipe(z.number().min(1, LIMIT_RULE).max(MAX_LIMIT, LIMIT_RULE))
      .default(DEFAULT_LIMIT),
    cursor: z
      .string()
      .max(MAX_CURSOR_LENGTH, 'cursor is not one that this query was answered with.')
      .optional(),
  })
  .transform(({ order, ...query }) => ({
    ...query,
    order: order ?? (query.sort === 'resourceName' ? ('asc' as const) : ('desc' as const)),
  }));

export type InstancesQuery = z.output<typeof instancesQuerySchema>;
