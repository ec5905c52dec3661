import { erasureRequestStatement, type ErasureRequester } from '../../domain/erasure-request.ts';

/** What is said of a user whose account is being erased, where somebody asks. */
const BAN_REASON = 'The account is being erased.';

/** The account itself has ended: see ended-session-schema.ts. */
const END_ACCOUNT = `
INSERT INTO ended_session (due_at, user_id, session_id, sockets_since, ended_at)
VALUES (cast(unixepoch('subsec') * 1000 as integer), ?1, '', 0, cast(unixepoch('subsec') * 1000 as integer))
ON CONFLICT DO UPDATE SET told_through = '', missed = 0`;

/**
 * Makes an account unusable and asks for its erasure, in one transaction: from then on nobody signs in to it, no session
 * of it counts, and what a JWT of it still makes is erased with the rest. The row of `user` stays until the erasure
 * removes it, so the e-mail address stays taken. Idempotent.
 */
export async function lockAccount(db: D1Database, userId: string, by: ErasureRequester): Promise<void> {
  const sql = (text: string) => db.prepare(text).bind(userId);
  await db.batch([
    erasureRequestStatement(db, userId, by),
    // Whoever is signing in right now has read the password already, but not yet whether he is banned.
    db
      .prepare('UPDATE user SET banned = 1, ban_reason = ?2, ban_expires = NULL, role = NULL WHERE id = ?1')
      .bind(userId, BAN_REASON),
    sql('DELETE FROM account WHERE user_id = ?1'),
    sql('DELETE FROM session WHERE user_id = ?1'),
    // What the triggers noted of each session and of the ban: one entry says it all.
    sql('DELETE FROM ended_session WHERE user_id = ?1'),
    sql(END_ACCOUNT),
  ]);
}

/**
 * The statements that remove what is left of an account whose rooms are gone, for one batch: in one transaction, in this
 * order. Sessions and passwords go with the row of `user`.
 */
export function removeAccountStatements(db: D1Database, userId: string): D1PreparedStatement[] {
  return [
    // By what Better Auth keeps there: the user's id, or his address as part of an identifier or of a value.
    `DELETE FROM verification WHERE value = ?1 OR EXISTS (
       SELECT 1 FROM user WHERE id = ?1 AND (instr(identifier, email) > 0 OR instr(value, email) > 0)
     )`,
    'DELETE FROM user WHERE id = ?1',
    // Every socket was ended with its room.
    'DELETE FROM ended_session WHERE user_id = ?1',
  ].map((sql) => db.prepare(sql).bind(userId));
}
