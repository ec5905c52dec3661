/** The name must fit into the reason of a close frame. */
const MAX_NAME_CHARACTERS = 40;

/**
 * Finds a query parameter that the route does not know or that is given twice. Names that begin with "_" belong to apps and
 * client libraries (y-partyserver sends `_pk`).
 * @returns `null` if all parameters are valid
 */
export function findInvalidParameter(
  query: URLSearchParams,
  known: ReadonlySet<string>,
): { readonly name: string; readonly detail: string } | null {
  const seen = new Set<string>();
  for (const name of query.keys()) {
    if (name.startsWith('_')) continue;
    const shown = name.slice(0, MAX_NAME_CHARACTERS);
    if (!known.has(name)) {
      return {
        name: shown,
        detail: `The parameter "${shown}" is unknown here. Parameters of apps begin with "_".`,
      };
    }
    if (seen.has(name)) return { name, detail: `The parameter "${name}" is given twice. Send it once.` };
    seen.add(name);
  }
  return null;
}
