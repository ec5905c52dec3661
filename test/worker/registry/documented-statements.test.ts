import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import operate from '../../../docs/guide/operate.md?raw';
import limits from '../../../docs/reference/limits.md?raw';

const SQL_BLOCK = /^```sql\n([^]*?)^```$/gm;

describe('each D1 statement in the documentation', () => {
  test.each([
    ['docs/guide/operate.md', operate, 3],
    ['docs/reference/limits.md', limits, 1],
  ])('in %s names tables and columns that exist', async (_, page, count) => {
    const statements = [...page.matchAll(SQL_BLOCK)].map(([, statement = '']) => statement);
    expect(statements).toHaveLength(count);
    for (const statement of statements) {
      const { results } = await env.DB.prepare(`EXPLAIN ${statement}`).all();
      expect(results.length, statement).toBeGreaterThan(0);
    }
  });
});
