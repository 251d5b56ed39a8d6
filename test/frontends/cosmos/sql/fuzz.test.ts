// Any text gives a query or a DatabaseError: mutated queries, session tokens and ETags, from a printed seed.

import { expect, test } from 'vitest';
import { queryOfSql } from '../../../../frontends/cosmos/sql/query.ts';
import { DatabaseError } from '../../../../model/errors.ts';
import { parseEtag } from '../../../../model/etag.ts';
import { parseSessionToken } from '../../../../model/session-token.ts';
import { parsePartitionKeyHeader } from '../../../../model/partition-key.ts';
import { randomOf, seedOf, testScale } from '../../../random.ts';

const seed = seedOf();

/** Drops, doubles, swaps and replaces characters. */
function mutated(text: string, random: () => number): string {
  const letters = [...text];
  for (let count = 1 + Math.floor(random() * 6); count > 0; count--) {
    const at = Math.floor(random() * letters.length);
    const other = Math.floor(random() * letters.length);
    const kind = random();
    if (kind < 0.3) letters.splice(at, 1);
    else if (kind < 0.5) letters.splice(at, 0, letters[other] ?? 'x');
    else if (kind < 0.7) letters[at] = String.fromCodePoint(Math.floor(random() * 0x300));
    else
      letters.splice(at, 0, '()[]{}"\'\\.,@*?:;#='[Math.floor(random() * 18)]!.repeat(1 + Math.floor(random() * 40)));
  }
  return letters.join('');
}

const queries = [
  `SELECT TOP 5 VALUE {"a": c.x["y"][0], 'b': [1, -2.5e3, null]} FROM c JOIN t IN c.tags WHERE c.p BETWEEN 1 AND @p`,
  `SELECT DISTINCT c.a ?? "x", (c.b > 1 ? 'y' : undefined) AS z FROM root c WHERE NOT c.s LIKE '%a\\u0041!_' ESCAPE '!'`,
  `SELECT c.k, COUNT(1) AS n, udf.f(c.x) FROM c WHERE EXISTS(SELECT VALUE t FROM t IN c.l WHERE t IN (1, 2)) GROUP BY c.k`,
  `SELECT * FROM c ORDER BY c.a DESC, c["b"] OFFSET 10 LIMIT @n -- end`,
];

function survives(parse: (text: string) => unknown, samples: readonly string[]): number {
  const random = randomOf(seed);
  let accepted = 0;
  for (let round = 0; round < 5_000 * testScale; round++) {
    const text = mutated(samples[round % samples.length]!, random);
    try {
      parse(text);
      accepted++;
    } catch (error) {
      expect(error, `seed ${seed} round ${round}: ${JSON.stringify(text)}`).toBeInstanceOf(DatabaseError);
    }
  }
  return accepted;
}

test('a mutated query is parsed or refused', () => {
  expect(survives(queryOfSql, queries)).toBeGreaterThan(0);
});

test('a mutated session token, partition key or ETag is read or refused', () => {
  expect(survives(parseSessionToken, ['0:1#25#1=24#2=7,1:-1#30', '3:77'])).toBeGreaterThan(0);
  expect(survives(parsePartitionKeyHeader, ['["a",1,null,{}]', '[true,"\\u00e9"]'])).toBeGreaterThan(0);
  expect(survives(parseEtag, ['"0a1b2c3d-4e5f-6000-0000-65f000000000"', '*'])).toBeGreaterThan(0);
});
