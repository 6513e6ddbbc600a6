import { describe, expect, it } from '@jest/globals';
import { parseProxies } from './parse-proxies.js';

describe('parseProxies', () => {
  it('takes addresses, networks and names of networks', () => {
    expect(parseProxies('10.0.0.1, 10.1.0.0/16,fd00::/8,::1,loopback')).toEqual([
      '10.0.0.1',
      '10.1.0.0/16',
      'fd00::/8',
      '::1',
      'loopback',
    ]);
  });

  it.each([
    'true',
    '1',
    '*',
    '',
    '10.0.0.1,',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '::/129',
    'proxy.example',
  ])('refuses %j', (text) => {
    expect(() => parseProxies(text)).toThrow(/^entry [12] is no address/);
  });
});
