import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { surface, surfaceTable } from '../../../frontends/table/surface.ts';

const folder = new URL('../../../frontends/table/', import.meta.url);

describe('surface', () => {
  it('is the table of the README', () => {
    const readme = readFileSync(new URL('README.md', folder), 'utf8');
    const table = /<!-- surface -->\n\n([\s\S]*?)\n\n<!-- \/surface -->/.exec(readme)?.[1];
    expect(tidy(table)).toBe(tidy(surfaceTable()));
  });

  it('has a file for every operation that works, and no other files', () => {
    const files = readdirSync(new URL('operations/', folder)).map((name) => name.replace(/\.ts$/, ''));
    const working = surface.filter(({ run }) => run !== undefined).map(({ operation }) => operation);
    expect(files.sort()).toEqual([...new Set(working)].sort());
  });

  it('lets read-only keys do nothing but read and query', () => {
    const reading = surface.filter(({ reads }) => reads).map(({ operation }) => operation.split('-')[0]);
    expect([...new Set(reading)].sort()).toEqual(['preflight', 'query', 'read']);
  });
});

/** Formatters align the columns. */
function tidy(table: string | undefined): string | undefined {
  return table?.replace(/ +/g, ' ').replace(/-{3,}/g, '---');
}
