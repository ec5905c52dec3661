import * as z from 'zod';
import { DO_TYPES } from '../../domain/instance.ts';
import { MAX_CURSOR_LENGTH } from '../../lib/cursor.ts';

export const INSTANCE_SORTS = ['storageBytes', 'lastAccessedAt', 'createdAt', 'resourceName'] as const;
export type InstanceSort = (typeof INSTANCE_SORTS)[number];

const MAX_LIMIT = 200;
const DEFAULT_LIMIT = 50;
/** A resource's name has at most 256 bytes, so nothing longer can be contained in one. */
const MAX_Q_LENGTH = 256;
/** Ids of an external issuer's users are `{issuer}#{sub}`; nothing this long is one. */
const MAX_USER_ID_LENGTH = 1_024;

const LIMIT_RULE = `limit is a whole number from 1 to ${MAX_LIMIT}.`;
const USER_ID_RULE = `userId is the id of the user whose rooms are asked for, of 1 to ${MAX_USER_ID_LENGTH} characters.`;

/** Of every list. */
const pageParameters = {
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
    .max(MAX_CURSOR_LENGTH, 'cursor is not one that this query was answered with.')
    .optional()
    .meta({ description: 'The `nextCursor` of the page before, asked for with the same parameters.' }),
};

const parameters = z.object({
  type: z.enum(DO_TYPES, { error: `type is one of ${DO_TYPES.join(', ')}.` }).optional(),
  q: z
    .string()
    .max(MAX_Q_LENGTH, `q has at most ${MAX_Q_LENGTH} characters.`)
    .optional()
    .meta({ description: 'The name contains it.' }),
  sort: z
    .enum(INSTANCE_SORTS, { error: `sort is one of ${INSTANCE_SORTS.join(', ')}.` })
    .default('lastAccessedAt'),
  order: z
    .enum(['asc', 'desc'], { error: 'order is asc or desc.' })
    .optional()
    .meta({ description: 'Unless told, names ascend and all else descends.' }),
  ...pageParameters,
});

const withOrder = <Query extends z.output<typeof parameters>>({ order, ...query }: Query) => ({
  ...query,
  order: order ?? (query.sort === 'resourceName' ? ('asc' as const) : ('desc' as const)),
});

/**
 * The parameters of `GET /api/instances`. Without `sort` the room used last comes first; without `order` names
 * ascend and all else descends. Parameters that are not named here are ignored.
 */
export const instancesQuerySchema = parameters.transform(withOrder);

export type InstancesQuery = z.output<typeof instancesQuerySchema>;

/** The parameters of `GET /api/admin/instances`. */
export const adminInstancesQuerySchema = parameters
  .extend({
    userId: z
      .string({ error: USER_ID_RULE })
      .min(1, USER_ID_RULE)
      .max(MAX_USER_ID_LENGTH, USER_ID_RULE)
      .meta({ description: 'Whose rooms.' }),
  })
  .transform(withOrder);

const SINCE_RULE = 'since is a time in ISO 8601 with its zone, such as 2026-11-01T00:00:00Z.';

/** The parameters of `GET /api/admin/usage`. */
export const adminUsageQuerySchema = z.object({
  by: z.enum(['users', 'rooms'], { error: 'by is users or rooms.' }).default('users'),
  since: z.iso
    .datetime({ offset: true, error: SINCE_RULE })
    .transform((text) => Date.parse(text))
    .pipe(z.number({ error: SINCE_RULE }))
    .optional()
    .meta({ description: 'Growth is told from this time on.' }),
  ...pageParameters,
});

export type AdminUsageQuery = z.output<typeof adminUsageQuerySchema>;
