import { erasureRequestStatement, type ErasureRequester } from '../../domain/erasure-request.ts';

const BAN_REASON = 'The account is being erased.';

/** An entry with an empty session id: the account itself has ended. See sessions/schema.ts. */
const END_ACCOUNT = `
INSERT INTO ended_session (due_at, user_id, session_id, sockets_since, ended_at)
VALUES (cast(unixepoch('subsec') * 1000 as integer), ?1, '', 0, cast(unixepoch('subsec') * 1000 as integer))
ON CONFLICT DO UPDATE SET told_through = '', missed = 0`;

/**
 * Locks an account and requests its erasure, in one transaction: sign-ins are refused and all sessions end. JWTs stay
 * valid until they expire; what they create is erased too. The row of `user` stays until the erasure deletes it, so the
 * e-mail address stays taken. Idempotent.
 */
export async function lockAccount(db: D1Database, userId: string, by: ErasureRequester): Promise<void> {
  const sql = (text: string) => db.prepare(text).bind(userId);
  await db.batch([
    erasureRequestStatement(db, userId, by),
    // Also stops a concurrent sign-in, which checks the ban after the password.
    db
      .prepare('UPDATE user SET banned = 1, ban_reason = ?2, ban_expires = NULL, role = NULL WHERE id = ?1')
      .bind(userId, BAN_REASON),
    sql('DELETE FROM account WHERE user_id = ?1'),
    sql('DELETE FROM session WHERE user_id = ?1'),
    // One entry for the account replaces the entries that triggers wrote for each session and for the ban.
    sql('DELETE FROM ended_session WHERE user_id = ?1'),
    sql(END_ACCOUNT),
  ]);
}

/**
 * The statements that delete an account whose rooms are deleted, for one transaction and in this order. Sessions and
 * passwords are deleted with the row of `user`.
 */
export function removeAccountStatements(db: D1Database, userId: string): D1PreparedStatement[] {
  return [
    // Better Auth stores the user's id as the value, or the e-mail address in the identifier or the value.
    `DELETE FROM verification WHERE value = ?1 OR EXISTS (
       SELECT 1 FROM user WHERE id = ?1 AND (instr(identifier, email) > 0 OR instr(value, email) > 0)
     )`,
    'DELETE FROM user WHERE id = ?1',
    // No sockets are left: they were closed with their rooms.
    'DELETE FROM ended_session WHERE user_id = ?1',
  ].map((sql) => db.prepare(sql).bind(userId));
}
