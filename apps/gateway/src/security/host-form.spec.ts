import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { hasProperHost } from './host-form.js';

const withHosts = (...hosts: string[]): IncomingMessage =>
  ({
    headers: { host: hosts[0] },
    rawHeaders: ['Accept', '*/*', ...hosts.flatMap((host, index) => [index % 2 ? 'host' : 'Host', host])],
  }) as unknown as IncomingMessage;

describe('a Host header', () => {
  it.each([
    'localhost',
    'LocalHost:3000',
    'gateway.example.',
    'my_service.namespace.svc:80',
    '10.0.0.1:65535',
    '[::1]:3000',
    '[2001:db8::1]',
    'a',
  ])('%s is proper', (host) => {
    expect(hasProperHost(withHosts(host))).toBe(true);
    expect(hasProperHost(withHosts(host))).toBe(true);
  });

  it('may be absent', () => expect(hasProperHost(withHosts())).toBe(true));

  it.each([
    '',
    ':3000',
    'a:b@localhost',
    'user@localhost',
    'localhost, evil.example',
    'localhost,evil.example',
    'local\u0001host',
    'localhost\t',
    'local host',
    'localhost/path',
    'localhost?x',
    'localhost:',
    'localhost:99999',
    'localhost:3000:1',
    'localhost:x',
    '[::1',
    '[localhost]',
    '[fe80::1%eth0]',
    '::1',
    '-a',
    'ünïcode.example',
    'x'.repeat(300),
  ])('%j is not', (host) => expect(hasProperHost(withHosts(host))).toBe(false));

  it('that is repeated is not, even with the same value', () => {
    expect(hasProperHost(withHosts('localhost', 'localhost'))).toBe(false);
    expect(hasProperHost(withHosts('localhost', 'evil.example'))).toBe(false);
  });
});
