import * as z from 'zod';
import { erasuresQuerySchema } from '../erasure/routes.ts';
import * as responses from './account-responses.ts';
import { Readiness } from './registry-responses.ts';
import { type Operation, TEXT } from './operation.ts';

export const ERASURE_OPERATIONS: readonly Operation[] = [
  {
    method: 'delete',
    path: '/api/account',
    id: 'deleteAccount',
    summary: 'Deletes the caller’s account with all its rooms',
    tag: 'accounts',
    for: 'users',
    answers: { 202: { what: 'The account is locked and its erasure starts.', body: responses.Erasing } },
    problems: [400, 429, 503],
  },
  {
    method: 'get',
    path: '/api/account/erasure/{id}',
    id: 'getErasureProgress',
    summary: 'Progress of an erasure. No credential: the id is enough',
    tag: 'accounts',
    for: 'everyone',
    answers: { 200: { what: 'The progress.', body: responses.Erasing } },
    problems: [404, 503],
  },
  {
    method: 'get',
    path: '/api/admin/erasures',
    id: 'listErasures',
    summary: 'Erasures, newest first',
    tag: 'operators',
    for: 'operators',
    query: erasuresQuerySchema,
    answers: { 200: { what: 'A page of erasures.', body: responses.ErasurePage } },
    problems: [400, 503],
  },
  {
    method: 'get',
    path: '/api/admin/erasures/{id}',
    id: 'getErasure',
    summary: 'An erasure with its newest steps',
    tag: 'operators',
    for: 'operators',
    answers: { 200: { what: 'The erasure.', body: responses.ErasureTrail } },
    problems: [404, 503],
  },
];

const credentials = { email: z.string(), password: z.string() };

export const CALLER_OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/api/me',
    id: 'getMe',
    summary: 'The caller, with the id for the paths of their rooms',
    tag: 'accounts',
    for: 'users',
    answers: { 200: { what: 'The caller.', body: responses.Me } },
    problems: [503],
  },
];

/** Routes of Better Auth. Its own documentation describes the others. */
export const ACCOUNT_OPERATIONS: readonly Operation[] = [
  {
    method: 'post',
    path: '/api/auth/sign-up/email',
    id: 'signUp',
    summary: 'Creates an account and signs in',
    tag: 'accounts',
    for: 'everyone',
    body: z.object({ name: z.string(), ...credentials }),
    answers: { 200: { what: 'The session token, and a cookie.', body: responses.SignedIn } },
    problems: [400, 422, 429],
  },
  {
    method: 'post',
    path: '/api/auth/sign-in/email',
    id: 'signIn',
    summary: 'Signs in',
    tag: 'accounts',
    for: 'everyone',
    body: z.object(credentials),
    answers: { 200: { what: 'The session token, and a cookie.', body: responses.SignedIn } },
    problems: [400, 401, 403, 429],
  },
  {
    method: 'post',
    path: '/api/auth/sign-out',
    id: 'signOut',
    summary: 'Ends the session and closes its sockets',
    tag: 'accounts',
    for: 'users',
    answers: { 200: { what: 'The session has ended.', body: responses.SignedOut } },
  },
  {
    method: 'post',
    path: '/api/auth/delete-user',
    id: 'deleteUser',
    summary: 'Same as DELETE /api/account, for Better Auth’s client',
    tag: 'accounts',
    for: 'users',
    answers: { 202: { what: 'The account is locked and its erasure starts.', body: responses.Erasing } },
    problems: [400, 429, 503],
  },
  {
    method: 'get',
    path: '/api/auth/get-session',
    id: 'getSession',
    summary: 'The session and its user',
    tag: 'accounts',
    for: 'users',
    answers: { 200: { what: 'The session and its user.', body: responses.Session } },
  },
  {
    method: 'get',
    path: '/api/auth/token',
    id: 'getToken',
    summary: 'A short-lived JWT for the session',
    tag: 'accounts',
    for: 'users',
    answers: { 200: { what: 'The JWT.', body: responses.Token } },
  },
  {
    method: 'get',
    path: '/api/auth/jwks',
    id: 'getKeys',
    summary: 'Public keys to verify JWTs',
    tag: 'accounts',
    for: 'everyone',
    answers: { 200: { what: 'A JSON Web Key Set.', body: responses.KeySet } },
  },
];

export const HEALTH_OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/healthz',
    id: 'isAlive',
    summary: 'Whether the Worker runs, without I/O',
    tag: 'health',
    for: 'everyone',
    answers: { 200: { what: '"ok"', body: TEXT } },
  },
  {
    method: 'get',
    path: '/readyz',
    id: 'isReady',
    summary: 'Whether D1 is readable and writable, and the mirror’s lag',
    tag: 'health',
    for: 'everyone',
    answers: {
      200: { what: 'Ready.', body: Readiness },
      503: { what: 'Not ready.', body: Readiness },
    },
  },
  {
    method: 'get',
    path: '/api/openapi.json',
    id: 'getDescription',
    summary: 'This description',
    tag: 'health',
    for: 'everyone',
    answers: { 200: { what: 'OpenAPI 3.1.', body: z.looseObject({ openapi: z.string() }) } },
  },
];
