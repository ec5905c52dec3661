import * as z from 'zod';
import * as accounts from './account-responses.ts';
import { Problem } from './common-responses.ts';
import * as registry from './registry-responses.ts';
import * as rooms from './room-responses.ts';
import { BYTES, type Operation, TEXT } from './operation.ts';
import { OPERATIONS } from './operations.ts';

/** Version of the API. Raise it for changes that affect clients. */
const API_VERSION = '2.0.0';

type Json = Record<string, unknown>;

/** Schemas with a name in the description. */
const NAMED_RESPONSES: Readonly<Record<string, z.ZodType>> = {
  Problem,
  Instance: registry.Instance,
  RankedRoom: registry.RankedRoom,
  Sum: registry.Sum,
  UserUsage: registry.UserUsage,
  InstancePage: registry.InstancePage,
  Usage: registry.Usage,
  UsageHistory: registry.UsageHistory,
  UserInstancePage: registry.UserInstancePage,
  AdminUsage: registry.AdminUsage,
  MirrorReport: registry.MirrorReport,
  MirrorRun: registry.MirrorRun,
  Readiness: registry.Readiness,
  Room: rooms.Room,
  Snapshot: rooms.Snapshot,
  Snapshots: rooms.Snapshots,
  ErasureProgress: accounts.ErasureProgress,
  Erasing: accounts.Erasing,
  Erasure: accounts.Erasure,
  ErasurePage: accounts.ErasurePage,
  ErasureTrail: accounts.ErasureTrail,
  Me: accounts.Me,
  SignedIn: accounts.SignedIn,
  Session: accounts.Session,
  SignedOut: accounts.SignedOut,
  Token: accounts.Token,
  KeySet: accounts.KeySet,
};

const INFO = {
  title: 'Roomkeeper',
  version: API_VERSION,
  description:
    'Syncs Yjs documents and keeps a registry of owners, sizes and use. Frames, credentials, deletion and limits: see docs/reference. ' +
    'The routes of accounts that are not listed here are those of Better Auth, below /api/auth.',
};

const SECURITY_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer', description: 'A session token, a JWT, or the operator token.' },
  cookie: {
    type: 'apiKey',
    in: 'cookie',
    name: 'better-auth.session_token',
    description: 'The session cookie, for pages of this origin.',
  },
};

/**
 * Creates the OpenAPI 3.1 description. Parameters and bodies come from the schemas that validate them, responses from
 * schemas that tests compare with real responses.
 */
export function describeApi(): Json {
  const names = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(NAMED_RESPONSES)) names.add(schema, { id });
  const { schemas } = z.toJSONSchema(names, { uri: createReference, override: simplify });
  const paths: Record<string, Json> = {};
  for (const operation of OPERATIONS) {
    (paths[operation.path] ??= {})[operation.method] = describeOperation(
      operation,
      (schema) => names.get(schema)?.id,
    );
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

type GetName = (schema: z.ZodType) => string | undefined;

function describeOperation(operation: Operation, getName: GetName): Json {
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
    security: operation.for === 'everyone' ? [] : [{ bearer: [] }, { cookie: [] }],
    parameters: [...inPath, ...(query === undefined ? [] : queryParameters(query)), ...inHeader],
    ...(body === undefined ? {} : { requestBody: { content: createContent(body, getName, 'input') } }),
    responses: createResponses(operation, getName),
  };
}

function createResponses(operation: Operation, getName: GetName): Json {
  const responses: Json = {};
  const withoutCredential = { everyone: [], users: [401, 403], operators: [401, 403] }[operation.for];
  for (const status of [...(operation.problems ?? []), ...withoutCredential]) {
    responses[status] = {
      description: 'A problem document.',
      content: { 'application/problem+json': { schema: { $ref: createReference(getName(Problem) ?? '') } } },
    };
  }
  for (const [status, { what, body }] of Object.entries(operation.answers)) {
    responses[status] = {
      description: what,
      ...(body === undefined ? {} : { content: createContent(body, getName, 'output') }),
    };
  }
  return responses;
}

function createContent(body: z.ZodType | string, getName: GetName, io: 'input' | 'output'): Json {
  if (body === BYTES) return { 'application/octet-stream': {} };
  if (body === TEXT || typeof body === 'string') return { 'text/plain': { schema: { type: 'string' } } };
  const name = getName(body);
  const schema = name === undefined ? jsonSchema(body, io) : { $ref: createReference(name) };
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

const createReference = (id: string): string => `#/components/schemas/${id}`;

const jsonSchema = (schema: z.ZodType, io: 'input' | 'output'): Json =>
  bare(z.toJSONSchema(schema, { io, override: simplify }));

/** A schema without `$schema` and `$id`, for use inside the description. */
const bare = (schema: Json): Json =>
  Object.fromEntries(Object.entries(schema).filter(([member]) => member !== '$schema' && member !== '$id'));

/** Removes patterns that are implied by the type or the format. */
function simplify({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.type === 'integer' || jsonSchema.format === 'date-time') delete jsonSchema.pattern;
}
