/** A statement that goes along with the first batch of a request, so that it costs no round trip of its own. */
export interface Rider {
  /** @returns `null` where it has gone already */
  take(session: D1DatabaseSession): D1PreparedStatement | null;
  /**
   * Is told what the statement found.
   * @throws where nothing that came with it may be used
   */
  settle(rows: readonly unknown[]): void;
}

/** A session whose first batch takes the rider along. What came with a rider that refuses is not given out. */
export function withRider(session: D1DatabaseSession, rider: Rider): D1DatabaseSession {
  return {
    prepare: (sql) => session.prepare(sql),
    getBookmark: () => session.getBookmark(),
    async batch<Row>(statements: D1PreparedStatement[]): Promise<D1Result<Row>[]> {
      const riding = rider.take(session);
      if (riding === null) return session.batch<Row>(statements);
      const [first, ...results] = await session.batch<Row>([riding, ...statements]);
      rider.settle(first?.results ?? []);
      return results;
    },
  };
}
