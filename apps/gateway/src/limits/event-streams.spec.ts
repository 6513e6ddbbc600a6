import { Readable } from 'node:stream';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { EventStreams } from './event-streams.js';

describe('the places of event streams', () => {
  let streams: EventStreams;
  let ended: Readable[];

  beforeEach(() => {
    streams = new EventStreams({ MAX_EVENT_STREAMS: 6 });
    ended = [];
  });

  const open = (tenant: string, count = 1): Readable[] =>
    Array.from({ length: count }, () =>
      streams.open(
        tenant,
        () => new Readable({ read: () => {} }),
        (stream) => ended.push(stream),
      ),
    );

  it('are all for one tenant while no other wants any', () => {
    open('red', 6);
    expect(() => open('red')).toThrow('MAX_EVENT_STREAMS');
    expect(ended).toEqual([]);
  });

  it('are shared equally when others want some: the newest of the tenant with the most end', () => {
    const red = open('red', 6);
    open('blue', 3);
    expect(ended).toEqual(red.slice(3).toReversed());
    expect(() => open('blue')).toThrow('Too many');
    open('green', 2);
    expect(() => open('green')).toThrow('Too many');
    expect(ended).toHaveLength(5);
  });

  it('are free again when their streams close', async () => {
    const [first] = open('red', 6) as [Readable];
    const closed = new Promise((resolve) => void first.once('close', resolve));
    first.destroy();
    await closed;
    open('red');
    expect(ended).toEqual([]);
  });

  it('are not freed twice by a stream that was ended', async () => {
    const newest = open('red', 6).at(-1)!;
    open('blue');
    const closed = new Promise((resolve) => void newest.once('close', resolve));
    newest.destroy();
    await closed;
    expect(() => open('red')).toThrow('Too many');
  });

  it('with more tenants than places refuse, rather than exchange streams for ever', () => {
    for (const tenant of ['a', 'b', 'c', 'd', 'e', 'f']) open(tenant);
    expect(() => open('g')).toThrow('Too many');
    expect(ended).toEqual([]);
  });
});
