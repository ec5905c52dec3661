import type { FormError } from '../ui/field.tsx';
import type { AccountOutcome } from '../sign-in/deps.ts';

export type Failure = Extract<AccountOutcome, { ok: false }>;

/** 400 for an invalid form. */
export const rejectForm = (error: FormError): Failure => ({ ok: false, status: 400, ...error });
