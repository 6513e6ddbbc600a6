import { describe, expect, it } from '@jest/globals';
import { EventLog, type EventReader } from './event-log.js';

const event = (type: string) => ({ type });

/** A reader and how it was closed: `true` after it has left early. */
function open(log: EventLog, signal?: AbortSignal): { reader: EventReader; closings: boolean[] } {
  const closings: boolean[] = [];
  return { reader: log.read(signal, (hasLeft) => closings.push(hasLeft)), closings };
}

describe('EventLog', () => {
  it('serves reads that wait, in the order in which they were made', async () => {
    const log = new EventLog();
    const { reader, closings } = open(log);
    const reads = [reader.next(), reader.next(), reader.next(), reader.next()];
    log.append(event('a'));
    log.append(event('b'));
    log.end();
    log.append(event('too late'));
    const results = await Promise.all(reads);
    expect(results.map(({ done, value }) => (done ? 'done' : value.type))).toEqual([
      'a',
      'b',
      'done',
      'done',
    ]);
    expect(closings).toEqual([false]);
  });

  it('yields the events before a failure, then throws it once', async () => {
    const log = new EventLog();
    const { reader } = open(log);
    log.append(event('a'));
    const failure = new Error('lost');
    log.fail(failure);
    log.fail(new Error('later'));
    expect(await reader.next()).toEqual({ done: false, value: event('a') });
    await expect(reader.next()).rejects.toBe(failure);
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  it('of another run reaches only readers that have received nothing', async () => {
    const log = new EventLog();
    const readers = [open(log), open(log), open(log)].map(({ reader }) => reader);
    const [seen, behind, fresh] = readers as [EventReader, EventReader, EventReader];
    const waiting = fresh.next();
    log.append(event('first run'));
    log.append(event('also'));
    expect(await waiting).toMatchObject({ value: event('first run') });
    await seen.next();
    await seen.next();
    const pending = seen.next();
    const failure = new Error('interrupted');
    log.restart(failure);
    await expect(pending).rejects.toBe(failure);
    expect(await fresh.next()).toMatchObject({ value: event('also') });
    await expect(fresh.next()).rejects.toBe(failure);
    const read = behind.next();
    log.append(event('second run'));
    log.end();
    expect(await read).toMatchObject({ value: event('second run') });
    expect(await behind.next()).toMatchObject({ done: true });
    expect(await open(log).reader.next()).toMatchObject({ value: event('second run') });
  });

  it('does not restart after its end', async () => {
    const log = new EventLog();
    log.append(event('a'));
    log.end();
    log.restart(new Error('too late'));
    const { reader } = open(log);
    expect(await reader.next()).toMatchObject({ value: event('a') });
    expect(await reader.next()).toMatchObject({ done: true });
  });

  it('a reader whose signal aborts ends with the reason, even with events unread', async () => {
    const log = new EventLog();
    const leaver = new AbortController();
    const { reader, closings } = open(log, leaver.signal);
    log.append(event('a'));
    leaver.abort(new Error('gone'));
    await expect(reader.next()).rejects.toThrow('gone');
    expect(closings).toEqual([false]);
  });
});
