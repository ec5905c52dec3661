/** Names that mean the same with and without quotes in SQL. */
const NAME = /^[a-z_][a-z0-9_]{0,62}$/;

/**
 * The Postgres schema of the mirror's tables, from the variable MIRROR_SCHEMA; `null` for the connection's default schema.
 * @throws an `Error` with a message for operators if the name is invalid
 */
export function getMirrorSchema(variable: string | undefined): string | null {
  if (variable === undefined || variable === '') return null;
  if (!NAME.test(variable) || variable.startsWith('pg_')) {
    throw new Error(
      `MIRROR_SCHEMA must be lower-case letters, digits and underscores, at most 63, and not begin with pg_: not ${JSON.stringify(variable.slice(0, 80))}`,
    );
  }
  return variable;
}
