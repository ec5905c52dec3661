/** A name of letters, digits and underscores, which means the same quoted and typed into psql. */
const NAME = /^[a-z_][a-z0-9_]{0,62}$/;

/**
 * The Postgres schema that holds the mirror's tables, from the variable MIRROR_SCHEMA; `null` where that is not set: then it is
 * the connection's own, usually `public`.
 * @throws an `Error` for people where it is no name for a schema
 */
export function mirrorSchema(variable: string | undefined): string | null {
  if (variable === undefined || variable === '') return null;
  if (!NAME.test(variable) || variable.startsWith('pg_')) {
    throw new Error(
      `MIRROR_SCHEMA must be lower-case letters, digits and underscores, at most 63, and not begin with pg_: not ${JSON.stringify(variable.slice(0, 80))}`,
    );
  }
  return variable;
}
