import { env } from 'cloudflare:workers';

// oxlint-disable typescript/no-unsafe-type-assertion -- the methods of a statement return statements

/** The real D1 with a count of its round trips. */
export interface CountedD1 {
  readonly DB: D1Database;
  trips: number;
}

export function createCountedD1(): CountedD1 {
  const counted: CountedD1 = { DB: proxied(env.DB), trips: 0 };
  const real = new WeakMap<object, D1PreparedStatement>();
  return counted;

  /** Wraps a database or a session and counts its calls to D1. */
  function proxied<Of extends object>(of: Of): Of {
    return new Proxy(of, {
      get(target, property) {
        const member: unknown = Reflect.get(target, property);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]) => {
          if (property === 'batch') {
            counted.trips += 1;
            const statements = args[0];
            if (!Array.isArray(statements)) throw new Error('expected a batch of statements');
            return member.call(
              target,
              statements.map((statement: object) => real.get(statement) ?? statement),
            );
          }
          const answer: unknown = member.apply(target, args);
          if (property === 'withSession' && typeof answer === 'object' && answer !== null)
            return proxied(answer);
          return property === 'prepare' ? statement(answer as D1PreparedStatement) : answer;
        };
      },
    });
  }

  function statement(of: D1PreparedStatement): D1PreparedStatement {
    const proxy = new Proxy(of, {
      get(target, property) {
        const member: unknown = Reflect.get(target, property);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]) => {
          const answer: unknown = member.apply(target, args);
          if (property === 'bind') return statement(answer as D1PreparedStatement);
          counted.trips += 1;
          return answer;
        };
      },
    });
    real.set(proxy, of);
    return proxy;
  }
}
