/** Longest name that a refusal repeats, in characters: it must fit into the reason of a closed socket. */
const MAX_NAME_CHARACTERS = 40;

/**
 * What is wrong with the names in a query: one that the route does not know, or one given twice, where it cannot be known
 * which is meant. Names that begin with "_" belong to apps and client libraries (y-partyserver sends `_pk`).
 * @returns `null`: nothing
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
        detail: `There is no parameter "${shown}" here. Names of your own begin with "_".`,
      };
    }
    if (seen.has(name)) return { name, detail: `"${name}" is given twice.` };
    seen.add(name);
  }
  return null;
}
