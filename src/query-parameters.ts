import type { Context } from 'hono';
import * as z from 'zod';
import { problem } from './problem.ts';

type Parsed<Query> =
  | { readonly ok: true; readonly query: Query }
  | { readonly ok: false; readonly refusal: Response };

/**
 * The parameters of a request's query, or the 400 that names the first one that is wrong. One given twice is wrong too:
 * which of the two is meant cannot be known. Parameters that the schema does not know are ignored.
 */
export function readQuery<Schema extends z.ZodType>(c: Context, schema: Schema): Parsed<z.output<Schema>> {
  const given = Object.entries(c.req.queries());
  const parsed = schema.safeParse(Object.fromEntries(given.map(([name, values]) => [name, values[0]])));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return refused(String(issue?.path[0]), issue?.message ?? 'A parameter is malformed.');
  }
  const known = new Set(parameterNames(schema));
  const twice = given.find(([name, values]) => values.length > 1 && known.has(name))?.[0];
  return twice === undefined ? { ok: true, query: parsed.data } : refused(twice, `${twice} is given twice.`);
}

function refused(field: string, detail: string): Parsed<never> {
  return { ok: false, refusal: problem(400, detail, { field }) };
}

/** What a schema of parameters asks for, whatever it makes of it. */
function parameterNames(schema: z.ZodType): string[] {
  if (schema instanceof z.ZodPipe) return schema.in instanceof z.ZodType ? parameterNames(schema.in) : [];
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

/** The 400 for a cursor that belongs to something else. */
export const foreignCursor = (): Response =>
  problem(400, 'cursor is not one that this query was answered with. Start without one.', {
    field: 'cursor',
  });
