import * as z from 'zod';
import { erasuresQuerySchema } from '../erasure/routes.ts';
import * as answers from './answers.ts';
import { type Operation, TEXT } from './operation.ts';

/** The end of an account. */
export const ERASURE_OPERATIONS: readonly Operation[] = [
  {
    method: 'delete',
    path: '/api/account',
    id: 'deleteAccount',
    summary: 'Deletes the caller’s account with all its rooms',
    tag: 'accounts',
    for: 'users',
    answers: { 202: { what: 'It is locked, and its erasure begins.', body: answers.Erasing } },
    problems: [400, 429, 503],
  },
  {
    method: 'get',
    path: '/api/account/erasure/{id}',
    id: 'getErasureProgress',
    summary: 'How far an erasure is, for whoever knows its id',
    tag: 'accounts',
    for: 'anybody',
    answers: { 200: { what: 'How far it is.', body: answers.Erasing } },
    problems: [404, 503],
  },
  {
    method: 'get',
    path: '/api/admin/erasures',
    id: 'listErasures',
    summary: 'Erasures, the newest first',
    tag: 'operators',
    for: 'operators',
    query: erasuresQuerySchema,
    answers: { 200: { what: 'A page of them.', body: answers.ErasurePage } },
    problems: [400, 503],
  },
  {
    method: 'get',
    path: '/api/admin/erasures/{id}',
    id: 'getErasure',
    summary: 'An erasure with its newest steps',
    tag: 'operators',
    for: 'operators',
    answers: { 200: { what: 'The erasure.', body: answers.ErasureTrail } },
    problems: [404, 503],
  },
];

const credentials = { email: z.string(), password: z.string() };

/** Who the caller is. */
export const CALLER_OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/api/me',
    id: 'getMe',
    summary: 'Who the caller is: the id that stands in the paths of their rooms',
    tag: 'accounts',
    for: 'users',
    answers: { 200: { what: 'The caller.', body: answers.Me } },
    problems: [503],
  },
];

/** Better Auth validates and answers these; the others of its routes are described by its own documentation. */
export const ACCOUNT_OPERATIONS: readonly Operation[] = [
  {
    method: 'post',
    path: '/api/auth/sign-up/email',
    id: 'signUp',
    summary: 'Makes an account and signs it in',
    tag: 'accounts',
    for: 'anybody',
    body: z.object({ name: z.string(), ...credentials }),
    answers: { 200: { what: 'The session’s token, and a cookie.', body: answers.SignedIn } },
    problems: [400, 422, 429],
  },
  {
    method: 'post',
    path: '/api/auth/sign-in/email',
    id: 'signIn',
    summary: 'Signs in',
    tag: 'accounts',
    for: 'anybody',
    body: z.object(credentials),
    answers: { 200: { what: 'The session’s token, and a cookie.', body: answers.SignedIn } },
    problems: [400, 401, 403, 429],
  },
  {
    method: 'post',
    path: '/api/auth/sign-out',
    id: 'signOut',
    summary: 'Ends the session, and its sockets',
    tag: 'accounts',
    for: 'users',
    answers: { 200: { what: 'It has ended.', body: answers.SignedOut } },
  },
  {
    method: 'post',
    path: '/api/auth/delete-user',
    id: 'deleteUser',
    summary: 'As DELETE /api/account, for Better Auth’s client',
    tag: 'accounts',
    for: 'users',
    answers: { 202: { what: 'The account is locked, and its erasure begins.', body: answers.Erasing } },
    problems: [400, 429, 503],
  },
  {
    method: 'get',
    path: '/api/auth/get-session',
    id: 'getSession',
    summary: 'Who is signed in',
    tag: 'accounts',
    for: 'users',
    answers: { 200: { what: 'The session and its user.', body: answers.Session } },
  },
  {
    method: 'get',
    path: '/api/auth/token',
    id: 'getToken',
    summary: 'A short-lived JWT of the session',
    tag: 'accounts',
    for: 'users',
    answers: { 200: { what: 'The JWT.', body: answers.Token } },
  },
  {
    method: 'get',
    path: '/api/auth/jwks',
    id: 'getKeys',
    summary: 'The keys that verify JWTs',
    tag: 'accounts',
    for: 'anybody',
    answers: { 200: { what: 'A JSON Web Key Set.', body: answers.KeySet } },
  },
];

/** What monitors and clients ask before anything else. */
export const HEALTH_OPERATIONS: readonly Operation[] = [
  {
    method: 'get',
    path: '/healthz',
    id: 'isAlive',
    summary: 'Whether the Worker runs; touches nothing',
    tag: 'health',
    for: 'anybody',
    answers: { 200: { what: '"ok"', body: TEXT } },
  },
  {
    method: 'get',
    path: '/readyz',
    id: 'isReady',
    summary: 'Whether D1 can be read and written, and the mirror’s lag',
    tag: 'health',
    for: 'anybody',
    answers: {
      200: { what: 'Ready.', body: answers.Readiness },
      503: { what: 'Not ready.', body: answers.Readiness },
    },
  },
  {
    method: 'get',
    path: '/api/openapi.json',
    id: 'getDescription',
    summary: 'This description',
    tag: 'health',
    for: 'anybody',
    answers: { 200: { what: 'OpenAPI 3.1.', body: z.looseObject({ openapi: z.string() }) } },
  },
];
