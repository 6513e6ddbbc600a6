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
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
    ['2001:0DB8:1:2::', '2001:db8:1:2::'],
    ['2001:db8::1', '2001:db8:0:0::'],
    ['::1', '0:0:0:0::'],
    ['fe80::1%eth0', 'fe80:0:0:0::'],
    ['unknown', 'unknown'],
  ])('of %s is %s', (address, network) => expect(networkOf(address)).toBe(network));
});
