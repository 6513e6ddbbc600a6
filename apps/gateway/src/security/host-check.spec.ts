import { describe, expect, it } from '@jest/globals';
import { hostCheck } from './host-check.js';

describe('a host', () => {
  const isAllowed = hostCheck(['gateway.example']);

  it.each([
    '127.0.0.1',
    '127.0.0.1:3000',
    '127.9.9.9:1',
    '[::1]:3000',
    'localhost',
    'LocalHost:3000',
    'app.localhost:3000',
    'gateway.example',
    'Gateway.Example:8080',
    undefined,
  ])('%s names this machine', (host) => {
    expect(isAllowed(host)).toBe(true);
    expect(isAllowed(host)).toBe(true);
  });

  it.each([
    'evil.example',
    'evil.example:3000',
    '10.0.0.1',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'sub.gateway.example',
    '[::2]',
    '',
    ':',
    'no host',
  ])('%j does not', (host) => expect(isAllowed(host)).toBe(false));
});
