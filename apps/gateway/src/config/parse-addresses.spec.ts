import { describe, expect, it } from '@jest/globals';
import { InvalidListError, parseHosts, parseOrigins, parseProxies } from './parse-addresses.js';

describe('parseHosts', () => {
  it('reads host names in lower case', () => {
    expect(parseHosts('Gateway.Example, other-1.example ,x')).toEqual([
      'gateway.example',
      'other-1.example',
      'x',
    ]);
  });

  it.each(['https://gateway.example', 'gateway.example:80', 'one,,two', '-', '*', ''])(
    'refuses %j and reports which entry is invalid',
    (text) => {
      expect(() => parseHosts(text)).toThrow(InvalidListError);
      expect(() => parseHosts(text)).toThrow(/^entry [12] must be a host name/);
    },
  );
});

describe('parseProxies', () => {
  it('accepts addresses, networks and named networks', () => {
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
    expect(() => parseProxies(text)).toThrow(/^entry [12] must be an address/);
  });
});

describe('parseOrigins', () => {
  it('reads origins as browsers send them', () => {
    expect(parseOrigins('https://app.example, http://localhost:5173')).toEqual([
      'https://app.example',
      'http://localhost:5173',
    ]);
  });

  it.each([
    '*',
    'app.example',
    'https://app.example/',
    'https://app.example/x',
    'https://app.example:443',
    'null',
    'file:///x',
    'https://APP.example',
  ])('refuses %s', (text) =>
    expect(() => parseOrigins(`https://app.example,${text}`)).toThrow('entry 2 must be an origin such as'),
  );
});
