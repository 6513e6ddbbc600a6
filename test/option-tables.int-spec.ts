import { execFileSync } from 'node:child_process';
import { expect, it } from '@jest/globals';

const check = (): Buffer => execFileSync('node', ['scripts/write-option-tables.mjs', '--check']);

it('the tables of options and variables equal the schemas; `npm run docs:options` writes them', () => {
  expect(check).not.toThrow();
});
