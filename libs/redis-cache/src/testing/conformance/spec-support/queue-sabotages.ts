import type { Reservation } from '../../../core/backend/queue-store.js';
import { replace, type Sabotage } from './sabotage.js';

export const QUEUE_SABOTAGES: Sabotage[] = [
  [
    'shift takes the newest',
    ({ queue }) => {
      const stack: string[] = [];
      queue.push = async (_name, texts) => texts.length * Math.sign(stack.push(...texts));
      queue.shift = async () => stack.splice(-1);
    },
    /^queue: requests leave in the order/,
  ],
  [
    'shift leaves the request',
    ({ queue }) => {
      const list: string[] = [];
      queue.push = async (_name, texts) => texts.length * Math.sign(list.push(...texts));
      queue.shift = async () => list.slice(0, 1);
    },
    /^queue: a request is handed out once/,
  ],
  [
    'push looks at the length first',
    ({ queue }) =>
      replace(queue, 'push', (push) => async (name, texts, maxLength) => {
        if ((await queue.length(name)) >= maxLength) return 0;
        return push(name, texts, Infinity);
      }),
    /^queue: maxLength holds when many push/,
  ],
  [
    'push has no limit',
    ({ queue }) => replace(queue, 'push', (push) => (name, texts) => push(name, texts, Infinity)),
    /^queue: push answers 0/,
  ],
  [
    'push takes all or nothing',
    ({ queue }) =>
      replace(queue, 'push', (push) => async (name, texts, maxLength) => {
        const fits = (await queue.length(name)) + texts.length <= maxLength;
        return fits ? push(name, texts, maxLength) : 0;
      }),
    /^queue: of several as many are appended/,
  ],
  [
    'shift takes one at a time',
    ({ queue }) => replace(queue, 'shift', (shift) => (name, _count, terms) => shift(name, 1, terms)),
    /^queue: shift takes as many/,
  ],
  [
    'length counts what was taken',
    ({ queue }) => {
      let pushed = 0;
      replace(queue, 'push', (push) => async (...args) => {
        pushed += 1;
        return push(...args);
      });
      queue.length = async () => pushed;
    },
    /^queue: length counts what waits/,
  ],
  [
    'clear does nothing',
    ({ queue }) => replace(queue, 'clear', () => async () => undefined),
    /^queue: clear removes/,
  ],
  [
    'clear clears every queue',
    (backend) =>
      replace(backend.queue, 'clear', (clear) => async () => {
        for (const name of ['}', '{', '{a}b', ' ']) await clear(name);
      }),
    /^queue: queues are apart/,
  ],
];

/** An id as if the request had never been handed out before. */
const withoutFence = ({ id, ...rest }: Reservation): Reservation => ({ id: id.split(':')[0]!, ...rest });

export const RESERVATIONS_SABOTAGES: Sabotage[] = [
  [
    'reserve removes the request',
    ({ queue }) =>
      replace(queue, 'reserve', (reserve) => async (...args) => {
        const held = await reserve(...args);
        await queue.acknowledge(
          args[0],
          held.map(({ id }) => id),
        );
        return held;
      }),
    /^reservations: a request comes back when its lease is over/,
  ],
  [
    'every lease is as long as the longest',
    ({ queue }) =>
      replace(
        queue,
        'reserve',
        (reserve) => (name, count, _leaseMs, terms) => reserve(name, count, 600_000, terms),
      ),
    /^reservations: each lease has a length of its own/,
  ],
  [
    'an id stands for the request, not for the delivery',
    ({ queue }) => {
      const ids = new Map<string, string>();
      replace(queue, 'reserve', (reserve) => async (...args) => {
        const held = await reserve(...args);
        for (const { id } of held) ids.set(id.split(':')[0]!, id);
        return held.map(withoutFence);
      });
      replace(
        queue,
        'acknowledge',
        (acknowledge) => (name, given) =>
          acknowledge(
            name,
            given.map((id) => ids.get(id) ?? id),
          ),
      );
    },
    /^reservations: after its lease the former holder/,
  ],
  [
    'extend does nothing',
    ({ queue }) => replace(queue, 'extend', () => async (_name, ids) => ids.map(() => true)),
    /^reservations: extend makes a lease longer/,
  ],
  [
    'a release puts the request behind the others',
    ({ queue }) =>
      replace(queue, 'release', () => async (name, id) => {
        await queue.acknowledge(name, [id]);
        await queue.push(name, ['first'], 100);
        return 'released';
      }),
    /^reservations: a released request is the next/,
  ],
  [
    'every release counts',
    ({ queue }) =>
      replace(
        queue,
        'release',
        (release) => (name, id, terms) => release(name, id, { ...terms, counts: true }),
      ),
    /^reservations: a release that does not count/,
  ],
  [
    'a delay is passed over',
    ({ queue }) =>
      replace(
        queue,
        'release',
        (release) => (name, id, terms) => release(name, id, { ...terms, delayMs: 0 }),
      ),
    /^reservations: with a delay/,
  ],
  [
    'length counts what is held',
    ({ queue }) =>
      replace(queue, 'length', (length) => async (name) => {
        const { reserved } = await queue.contents(name);
        return (await length(name)) + reserved;
      }),
    /^reservations: what is held does not wait/,
  ],
  [
    'nothing ever grows old',
    ({ queue }) =>
      replace(queue, 'contents', (contents) => async (name) => ({
        ...(await contents(name)),
        oldestAgeMs: null,
      })),
    /^reservations: contents tells the age/,
  ],
];

export const DEAD_LETTERS_SABOTAGES: Sabotage[] = [
  [
    'nothing ever dies of being released',
    ({ queue }) =>
      replace(
        queue,
        'release',
        (release) => (name, id, terms) => release(name, id, { ...terms, maxDeliveries: 1_000 }),
      ),
    /^dead letters: a request that is released too often/,
  ],
  [
    'nothing ever dies of being lost',
    ({ queue }) =>
      replace(
        queue,
        'reserve',
        (reserve) => (name, count, leaseMs, terms) =>
          reserve(name, count, leaseMs, { ...terms, maxDeliveries: 1_000 }),
      ),
    /^dead letters: so does one whose holders/,
  ],
  [
    'dead letters pile up',
    ({ queue }) =>
      replace(
        queue,
        'release',
        (release) => (name, id, terms) => release(name, id, { ...terms, maxDeadLetters: 1_000 }),
      ),
    /^dead letters: above maxDeadLetters/,
  ],
  [
    'a replay leaves the letter',
    ({ queue }) =>
      replace(queue, 'replayDeadLetter', () => async (name, id, maxLength) => {
        const letters = await queue.listDeadLetters(name, 100);
        const letter = letters.find((one) => one.id === id);
        if (letter === undefined) return 'unknown';
        return (await queue.push(name, [letter.request], maxLength)) === 1 ? 'replayed' : 'full';
      }),
    /^dead letters: a replayed one is like new/,
  ],
  [
    'clear removes dead letters',
    ({ queue }) =>
      replace(queue, 'clear', (clear) => async (name) => {
        await clear(name);
        await queue.clearDeadLetters(name);
      }),
    /^dead letters: clear leaves them/,
  ],
  [
    'a list knows no pages',
    ({ queue }) =>
      replace(queue, 'listDeadLetters', (listDeadLetters) => (name) => listDeadLetters(name, 100)),
    /^dead letters: they are listed in the order/,
  ],
];
