import * as z from 'zod';
import { NAMED_ANSWERS, Problem } from './answers.ts';
import { BYTES, type Operation, TEXT } from './operation.ts';
import { OPERATIONS } from './operations.ts';

/** Of this description: raised where a client must know of a change. */
const API_VERSION = '2.0.0';

type Json = Record<string, unknown>;

const INFO = {
  title: 'Roomkeeper',
  version: API_VERSION,
  description:
    'Syncs Yjs documents and keeps a registry of owners, sizes and use. Frames, credentials, deletion and limits: see docs/reference/http.md. ' +
    'The routes of accounts that are not listed here are those of Better Auth, below /api/auth.',
};

const SECURITY_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer', description: 'A session token, a JWT, or the operator token.' },
  cookie: {
    type: 'apiKey',
    in: 'cookie',
    name: 'better-auth.session_token',
    description: 'Of this origin’s pages.',
  },
};

/**
 * The OpenAPI 3.1 description of the API: parameters and bodies from the schemas that validate them, answers from
 * those that the tests hold real answers against.
 */
export function describeApi(): Json {
  const names = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(NAMED_ANSWERS)) names.add(schema, { id });
  const { schemas } = z.toJSONSchema(names, { uri: referenceTo, override: simplify });
  const paths: Record<string, Json> = {};
  for (const operation of OPERATIONS) {
    (paths[operation.path] ??= {})[operation.method] = describe(operation, (schema) => names.get(schema)?.id);
  }
  return {
    openapi: '3.1.0',
    info: INFO,
    externalDocs: { description: 'Routes of accounts', url: 'https://www.better-auth.com/docs' },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, bare(schema)])),
      securitySchemes: SECURITY_SCHEMES,
    },
  };
}

type NameOf = (schema: z.ZodType) => string | undefined;

function describe(operation: Operation, nameOf: NameOf): Json {
  const { id, summary, tag, path, query, headers = {}, body } = operation;
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inHeader = Object.entries(headers).map(([name, description]) => ({
    name,
    in: 'header',
    description,
    schema: { type: 'string' },
  }));
  return {
    operationId: id,
    summary,
    tags: [tag],
    security: operation.for === 'anybody' ? [] : [{ bearer: [] }, { cookie: [] }],
    parameters: [...inPath, ...(query === undefined ? [] : queryParameters(query)), ...inHeader],
    ...(body === undefined ? {} : { requestBody: { content: contentOf(body, nameOf, 'input') } }),
    responses: responsesOf(operation, nameOf),
  };
}

function responsesOf(operation: Operation, nameOf: NameOf): Json {
  const responses: Json = {};
  const withoutCredential = { anybody: [], users: [401, 403], operators: [401, 403] }[operation.for];
  for (const status of [...(operation.problems ?? []), ...withoutCredential]) {
    responses[status] = {
      description: 'A problem document says what was wrong.',
      content: { 'application/problem+json': { schema: { $ref: referenceTo(nameOf(Problem) ?? '') } } },
    };
  }
  for (const [status, { what, body }] of Object.entries(operation.answers)) {
    responses[status] = {
      description: what,
      ...(body === undefined ? {} : { content: contentOf(body, nameOf, 'output') }),
    };
  }
  return responses;
}

function contentOf(body: z.ZodType | string, nameOf: NameOf, io: 'input' | 'output'): Json {
  if (body === BYTES) return { 'application/octet-stream': {} };
  if (body === TEXT || typeof body === 'string') return { 'text/plain': { schema: { type: 'string' } } };
  const name = nameOf(body);
  const schema = name === undefined ? jsonSchema(body, io) : { $ref: referenceTo(name) };
  return { 'application/json': { schema } };
}

function queryParameters(query: z.ZodType): Json[] {
  const { properties = {}, required = [] } = jsonSchema(query, 'input') as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    ...(required.includes(name) ? { required: true } : {}),
    ...(description === undefined ? {} : { description }),
    schema,
  }));
}

const referenceTo = (id: string): string => `#/components/schemas/${id}`;

const jsonSchema = (schema: z.ZodType, io: 'input' | 'output'): Json =>
  bare(z.toJSONSchema(schema, { io, override: simplify }));

/** Without what says where a schema stands: these stand within the description. */
const bare = (schema: Json): Json =>
  Object.fromEntries(Object.entries(schema).filter(([member]) => member !== '$schema' && member !== '$id'));

/** Leaves out patterns that say no more than the type or the format beside them. */
function simplify({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.type === 'integer' || jsonSchema.format === 'date-time') delete jsonSchema.pattern;
}
