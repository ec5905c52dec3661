import * as z from 'zod';

export const bytes = z.int().min(0).meta({ description: 'In bytes.' });
export const time = z.iso
  .datetime({ precision: 3 })
  .meta({ description: 'ISO 8601 in UTC, with milliseconds.' });
export const count = z.int().min(0);
export const cursor = z
  .string()
  .nullable()
  .meta({ description: 'For the next page; null on the last page.' });

export const Problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What is wrong and what to do.' }),
    field: z.string().optional().meta({ description: 'The invalid parameter or member.' }),
    stored: z.boolean().optional().meta({
      description:
        'In a 409 for a PUT with a body: whether the existing room contains everything in the body.',
    }),
    incarnation: z.string().optional().meta({ description: 'With "stored": the incarnation of the room.' }),
  })
  .meta({ description: 'A problem document (RFC 9457).' });

export const seconds = z.number().min(0);
