import { describe, expect, it } from '@jest/globals';
import { originCheck } from './origin-check.js';

const HOST = '127.0.0.1:3000';

describe('a request that may change something', () => {
  const isAllowed = originCheck(['https://app.example']);

  it.each([
    {},
    { origin: `http://${HOST}` },
    { origin: `https://${HOST}`, 'sec-fetch-site': 'same-origin' },
    { origin: 'https://app.example', 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none' },
  ])('is allowed with %j', (headers) => expect(isAllowed({ host: HOST, ...headers })).toBe(true));

  it.each([
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: '' },
    { origin: 'http://127.0.0.1:3001', 'sec-fetch-site': 'same-site' },
    { origin: `http://${HOST}.evil.example` },
    { origin: `http://evil.example/${HOST}` },
    { origin: 'http://app.example' },
    { 'sec-fetch-site': 'cross-site' },
    { origin: 'http://undefined', host: undefined },
  ])('is refused with %j', (headers) => expect(isAllowed({ host: HOST, ...headers })).toBe(false));
});
