// Values of every Edm type for tests: the edges of each, and random ones.

import { doubleText } from '../../model/bson/json-write.ts';
import type { EdmProperty } from './edm-oracle.ts';

const edge: readonly (readonly [EdmProperty['type'], readonly string[]])[] = [
  ['Edm.String', ['', 'a', '\u0000', 'é\u{1f600}', '{"$date":"2026-01-01T00:00:00Z"}', 'x'.repeat(32_768)]],
  ['Edm.Boolean', ['true', 'false']],
  ['Edm.Int32', ['0', '1', '-1', '2147483647', '-2147483648']],
  ['Edm.Int64', ['0', '5', '9007199254740993', '9223372036854775807', '-9223372036854775808']],
  ['Edm.Double', ['0.0', '-0.0', '2.0', '1.5', '5e-324', '1.7976931348623157e+308', 'NaN', 'Infinity', '-Infinity']],
  ['Edm.Binary', ['', 'AA==', 'AAEC/w==']],
  ['Edm.Guid', ['00000000-0000-0000-0000-000000000000', 'c9da6455-213d-42c9-9a79-3e9149a57833']],
  [
    'Edm.DateTime',
    [
      '1601-01-01T00:00:00Z',
      '1969-12-31T23:59:59.9999999Z',
      '2026-01-02T03:04:05.678Z',
      '2026-01-02T03:04:05.1234567Z',
      '9999-12-31T23:59:59.9999999Z',
    ],
  ],
];

/** One property for every edge value of every type. */
export function edgeProperties(): EdmProperty[] {
  return edge.flatMap(([type, values]) => values.map((value, i) => ({ name: `${type.slice(4)}_${i}`, type, value })));
}

/** A value of a random type; `random` gives numbers in [0, 1). */
export function randomValue(random: () => number): Pick<EdmProperty, 'type' | 'value'> {
  const [type, values] = edge[Math.floor(random() * edge.length)]!;
  const digits = (count: number): string => String(Math.floor(random() * 10 ** count)).padStart(count, '0');
  if (random() < 0.4) return { type, value: values[Math.floor(random() * values.length)]! };
  switch (type) {
    case 'Edm.String':
      return { type, value: random().toString(36) };
    case 'Edm.Boolean':
      return { type, value: String(random() < 0.5) };
    case 'Edm.Int32':
      return { type, value: String((random() * 2 ** 32 - 2 ** 31) | 0) };
    case 'Edm.Int64':
      return { type, value: String(BigInt.asIntN(64, BigInt(Math.floor(random() * 2 ** 53)) * 2047n)) };
    case 'Edm.Double':
      return { type, value: doubleText((random() - 0.5) * 10 ** Math.floor(random() * 30)) };
    case 'Edm.Binary':
      return { type, value: Buffer.from(digits(6)).toString('base64') };
    case 'Edm.Guid':
      return { type, value: `${digits(8)}-${digits(4)}-${digits(4)}-${digits(4)}-${digits(12)}` };
    case 'Edm.DateTime':
      return { type, value: `20${digits(2)}-03-04T05:06:${`0${Math.floor(random() * 60)}`.slice(-2)}.${digits(7)}Z` };
  }
}
