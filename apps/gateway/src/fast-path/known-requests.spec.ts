import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { KnownRequests } from './known-requests.js';

const BODY = Buffer.from('{"prompt":"The same again."}');

function remember(known: KnownRequests, tenant: string, body: Buffer, key: string): void {
  const request = {} as IncomingMessage;
  known.see(request, body);
  known.learn(request, tenant, key);
}

describe('KnownRequests', () => {
  it('knows the very bytes of a body, for the tenant that sent them', () => {
    const known = new KnownRequests();
    remember(known, 'web', BODY, 'key-of-web');
    expect(known.keyOf('web', Buffer.from(BODY))).toBe('key-of-web');
    expect(known.keyOf('ops', BODY)).toBeUndefined();
    expect(known.keyOf('web', Buffer.from('{"prompt":"The same  again."}'))).toBeUndefined();
  });

  it('tells bodies of one checksum apart', () => {
    const known = new KnownRequests();
    remember(known, 'web', Buffer.from('plumless'), 'one');
    remember(known, 'web', Buffer.from('buckeroo'), 'other');
    // Both have the same CRC-32, whatever comes before them.
    expect(known.keyOf('web', Buffer.from('plumless'))).toBeUndefined();
    expect(known.keyOf('web', Buffer.from('buckeroo'))).toBe('other');
  });

  it('does not keep long bodies, nor more than 32 MiB', () => {
    const known = new KnownRequests();
    const long = Buffer.alloc(65_537, 'x');
    remember(known, 'web', long, 'key');
    expect(known.keyOf('web', long)).toBeUndefined();
    const bodies = Array.from({ length: 600 }, (_, index) => Buffer.alloc(65_536, `${index}.`));
    for (const body of bodies) remember(known, 'web', body, 'key');
    const kept = bodies.filter((body) => known.keyOf('web', body) !== undefined);
    expect(kept.length).toBeGreaterThan(400);
    expect(kept.length * 65_536).toBeLessThanOrEqual(32 * 1024 * 1024);
  });
});
