import { describe, expect, it } from '@jest/globals';
import { isLoopback, networkOf } from './addresses.js';

describe('isLoopback', () => {
  it.each(['localhost', '127.0.0.1', '127.9.9.9', '::1'])('accepts %s', (address) =>
    expect(isLoopback(address)).toBe(true),
  );

  it.each(['0.0.0.0', '10.0.0.1', '::', 'example.org', ''])('rejects %j', (address) =>
    expect(isLoopback(address)).toBe(false),
  );
});

describe('networkOf', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:51234', '203.0.113.7'],
    ['2001:db8:1:2fe:3:4:5:6', '20010db8000102/56'],
    ['2001:0DB8:1:200::', '20010db8000102/56'],
    ['[2001:db8:1:2ab::9]:443', '20010db8000102/56'],
    ['[2001:db8:1:2ab::9]', '20010db8000102/56'],
    ['2001:db8::1', '20010db8000000/56'],
    ['::1', '00000000000000/56'],
    ['fe80::1%eth0', 'fe800000000000/56'],
  ])('of %s is %s', (address, network) => expect(networkOf(address, '10.0.0.1')).toBe(network));

  it.each([
    'unknown',
    '',
    '203.0.113.7:port',
    '203.0.113.7, 10.0.0.1',
    '300.0.0.1',
    '[::1',
    'a'.repeat(1_000),
  ])('of %j is that of the connection', (address) =>
    expect(networkOf(address, '::ffff:10.0.0.1')).toBe('10.0.0.1'),
  );
});
