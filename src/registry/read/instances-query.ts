import * as z from 'zod';
import { DO_TYPES } from '../../domain/instance.ts';
import { pageParameters } from '../../lib/page-parameters.ts';

export const INSTANCE_SORTS = ['storageBytes', 'lastAccessedAt', 'createdAt', 'resourceName'] as const;
export type InstanceSort = (typeof INSTANCE_SORTS)[number];

/** A resource name has at most 256 bytes, so it cannot contain a longer text. */
const MAX_Q_LENGTH = 256;
/** The id of an external user, `{issuer}#{sub}`, is shorter. */
const MAX_USER_ID_LENGTH = 1_024;

const USER_ID_RULE = `userId must be the id of a user, of 1 to ${MAX_USER_ID_LENGTH} characters.`;

const parameters = z.object({
  type: z.enum(DO_TYPES, { error: `type must be one of ${DO_TYPES.join(', ')}.` }).optional(),
  q: z
    .string()
    .max(MAX_Q_LENGTH, `q may have at most ${MAX_Q_LENGTH} characters.`)
    .optional()
    .meta({ description: 'Only rooms whose name contains this text.' }),
  sort: z
    .enum(INSTANCE_SORTS, { error: `sort must be one of ${INSTANCE_SORTS.join(', ')}.` })
    .default('lastAccessedAt'),
  order: z
    .enum(['asc', 'desc'], { error: 'order must be asc or desc.' })
    .optional()
    .meta({ description: 'Default: asc for names, desc otherwise.' }),
  ...pageParameters,
});

const withOrder = <Query extends z.output<typeof parameters>>({ order, ...query }: Query) => ({
  ...query,
  order: order ?? (query.sort === 'resourceName' ? ('asc' as const) : ('desc' as const)),
});

/** The parameters of `GET /api/instances`. By default the most recently used room is first. */
export const instancesQuerySchema = parameters.transform(withOrder);

export type InstancesQuery = z.output<typeof instancesQuerySchema>;

/** The parameters of `GET /api/admin/instances`. */
export const adminInstancesQuerySchema = parameters
  .extend({
    userId: z
      .string({ error: USER_ID_RULE })
      .min(1, USER_ID_RULE)
      .max(MAX_USER_ID_LENGTH, USER_ID_RULE)
      .meta({ description: 'The owner of the rooms.' }),
  })
  .transform(withOrder);

const SINCE_RULE = 'since must be a time in ISO 8601 with a time zone, such as 2026-11-01T00:00:00Z.';

/** The parameters of `GET /api/admin/usage`. */
export const adminUsageQuerySchema = z.object({
  by: z.enum(['users', 'rooms'], { error: 'by must be users or rooms.' }).default('users'),
  since: z.iso
    .datetime({ offset: true, error: SINCE_RULE })
    .transform((text) => Date.parse(text))
    .pipe(z.number({ error: SINCE_RULE }))
    .optional()
    .meta({ description: 'Start of the growth in the response.' }),
  ...pageParameters,
});

export type AdminUsageQuery = z.output<typeof adminUsageQuerySchema>;
