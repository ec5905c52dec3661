import type { Context } from 'hono';
import * as z from 'zod';
import { problem } from './problem.ts';
import { findInvalidParameter } from './invalid-parameter.ts';

type Parsed<Query> =
  | { readonly ok: true; readonly query: Query }
  | { readonly ok: false; readonly refusal: Response };

/** The query parameters, or a 400 that names the first parameter that is malformed, given twice or not in the schema. */
export function readQuery<Schema extends z.ZodType>(c: Context, schema: Schema): Parsed<z.output<Schema>> {
  const given = new URL(c.req.url).searchParams;
  const refusal = findInvalidParameter(given, new Set(parameterNames(schema)));
  if (refusal !== null) return refused(refusal.name, refusal.detail);
  const parsed = schema.safeParse(Object.fromEntries(given));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return refused(String(issue?.path[0]), issue?.message ?? 'A parameter is malformed.');
  }
  return { ok: true, query: parsed.data };
}

function refused(field: string, detail: string): Parsed<never> {
  return { ok: false, refusal: problem(400, detail, { field }) };
}

/** The names of the parameters in a schema. */
function parameterNames(schema: z.ZodType): string[] {
  if (schema instanceof z.ZodPipe) return schema.in instanceof z.ZodType ? parameterNames(schema.in) : [];
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

/** The 400 for a cursor that belongs to something else. */
export const invalidCursorProblem = (): Response =>
  problem(400, 'cursor is not one that this query was answered with. Start without one.', {
    field: 'cursor',
  });
