import * as z from 'zod';
import { checkForm, email, knownPassword, name, newPassword } from '../sign-in/forms.ts';

/** The last segment of each form's address. */
export const ACCOUNT_FORMS = ['name', 'email', 'password', 'new-password'] as const;
export type AccountForm = (typeof ACCOUNT_FORMS)[number];

const nameSchema = z.object({ name });
const emailSchema = z.object({ email, password: knownPassword });
const passwordSchema = z.object({ password: knownPassword, newPassword });
const newPasswordSchema = z.object({ newPassword });
const sessionSchema = z.object({ id: z.string().min(1).max(256) });

export const checkName = (fields: URLSearchParams) => checkForm(nameSchema, fields);
export const checkEmail = (fields: URLSearchParams) => checkForm(emailSchema, fields);
export const checkPassword = (fields: URLSearchParams) => checkForm(passwordSchema, fields);
export const checkNewPassword = (fields: URLSearchParams) => checkForm(newPasswordSchema, fields);
export const checkSession = (fields: URLSearchParams) => checkForm(sessionSchema, fields);
