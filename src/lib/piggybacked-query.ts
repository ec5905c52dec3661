/** A statement that is sent with the first batch of a request, so that it costs no round trip of its own. */
export interface PiggybackedQuery {
  /** @returns `null` if the statement was already sent */
  take(session: D1DatabaseSession): D1PreparedStatement | null;
  /**
   * Receives the rows of the statement.
   * @throws if the results of the same batch must not be used
   */
  settle(rows: readonly unknown[]): void;
}

/** A session whose first batch carries the query. If `settle` throws, the batch fails too. */
export function withPiggybackedQuery(session: D1DatabaseSession, query: PiggybackedQuery): D1DatabaseSession {
  return {
    prepare: (sql) => session.prepare(sql),
    getBookmark: () => session.getBookmark(),
    async batch<Row>(statements: D1PreparedStatement[]): Promise<D1Result<Row>[]> {
      const statement = query.take(session);
      if (statement === null) return session.batch<Row>(statements);
      const [first, ...results] = await session.batch<Row>([statement, ...statements]);
      query.settle(first?.results ?? []);
      return results;
    },
  };
}
