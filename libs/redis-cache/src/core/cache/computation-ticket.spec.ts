import { describe, expect, it } from '@jest/globals';
import { InvalidTicketError } from '../errors/errors.js';
import { checkedTicket, createTicket, versionsIn } from './computation-ticket.js';

const TOKEN = '4b1d4a5e-8a0c-4a3b-9a43-0c1f2d3e4f50';
const TERMS = { leaseMs: 5_000, ttlMs: 60_000, staleMs: 0 };

const ticketOf = (tags: Record<string, string>) =>
  createTicket('key', { ...TERMS, tags: Object.keys(tags) }, { token: TOKEN, tags }, 1_000);

describe('a ticket', () => {
  it('survives a round trip through JSON, whatever the names of its tags', () => {
    const tags = Object.fromEntries([
      ['__proto__', 'one'],
      ['constructor', 'two'],
    ]);
    const ticket = checkedTicket(JSON.parse(JSON.stringify(ticketOf(tags))));
    expect(ticket).toEqual(ticketOf(tags));
    expect(Object.entries(versionsIn(ticket)!)).toEqual(Object.entries(tags));
  });

  it('of a computation that has not begun has no versions', () => {
    const ticket = createTicket('key', { ...TERMS, tags: ['a'] }, null, 1_000);
    expect(checkedTicket(ticket)).toMatchObject({ token: null, tagVersions: null });
    expect(versionsIn(ticket)).toBeNull();
  });

  it('without tags has none to compare', () => {
    expect(versionsIn(ticketOf({}))).toBeUndefined();
    expect(versionsIn(createTicket('key', { ...TERMS, tags: [] }, null, 1_000))).toBeUndefined();
  });

  it('may carry fields that a later release has added', () => {
    expect(checkedTicket({ ...ticketOf({}), added: 1 })).toEqual(ticketOf({}));
  });

  it.each<[string, object]>([
    ['ticket.version', { version: 2 }],
    ['ticket.key', { key: 7 }],
    ['ticket.key', { key: '' }],
    ['ticket.token', { token: 'x' }],
    ['ticket.leaseMs', { leaseMs: 0 }],
    ['ticket.ttlMs', { ttlMs: 0 }],
    ['ticket.staleMs', { staleMs: Infinity }],
    ['ticket.tags', { tags: [''] }],
    ['ticket.tags', { tags: 'a' }],
    ['ticket.tagVersions', { tagVersions: ['one', 'two'] }],
    ['ticket.issuedAt', { issuedAt: undefined }],
  ])('is refused with the name of %s when that is %p', (field, wrong) => {
    const check = (): unknown => checkedTicket({ ...ticketOf({ a: 'one' }), ...wrong });
    expect(check).toThrow(InvalidTicketError);
    expect(check).toThrow(expect.objectContaining({ field, code: 'ERR_CACHE_INVALID_TICKET' }));
  });

  it.each([null, undefined, 'ticket', 7, []])('is not %p', (other) => {
    expect(() => checkedTicket(other)).toThrow(expect.objectContaining({ field: 'ticket' }));
  });
});
