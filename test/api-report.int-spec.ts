import { execFileSync } from 'node:child_process';
import { expect, it } from '@jest/globals';

const check = (): Buffer => execFileSync('node', ['scripts/package/write-api-reports.mjs', '--check']);

it('the reports of the API equal the declarations; `npm run docs:api` writes them', () => {
  expect(check).not.toThrow();
});
