import type { Reservation } from '../../../core/backend/queue-store.js';
import { replace, type Sabotage } from './sabotage.js';

export const QUEUE_SABOTAGES: Sabotage[] = [
  [
    'shift returns the newest request',
    ({ queue }) => {
      const stack: string[] = [];
      queue.push = async (_name, texts) => texts.length * Math.sign(stack.push(...texts));
      queue.shift = async () => stack.splice(-1);
    },
    /^queue: requests are returned in the order/,
  ],
  [
    'shift does not remove the request',
    ({ queue }) => {
      const list: string[] = [];
      queue.push = async (_name, texts) => texts.length * Math.sign(list.push(...texts));
      queue.shift = async () => list.slice(0, 1);
    },
    /^queue: concurrent shifts return each/,
  ],
  [
    'push checks the length before it appends, not atomically',
    ({ queue }) =>
      replace(queue, 'push', (push) => async (name, texts, maxLength) => {
        if ((await queue.length(name)) >= maxLength) return 0;
        return push(name, texts, Infinity);
      }),
    /^queue: concurrent pushes do not exceed/,
  ],
  [
    'inUse ignores reserved requests',
    ({ queue }) => {
      queue.inUse = async (names) => {
        const lengths = await Promise.all(names.map((name) => queue.length(name)));
        return names.filter((_name, index) => lengths[index]! > 0);
      };
    },
    /^queue: inUse returns the queues/,
  ],
  [
    'push has no limit',
    ({ queue }) => replace(queue, 'push', (push) => (name, texts) => push(name, texts, Infinity)),
    /^queue: push appends nothing/,
  ],
  [
    'push appends all requests or none',
    ({ queue }) =>
      replace(queue, 'push', (push) => async (name, texts, maxLength) => {
        const fits = (await queue.length(name)) + texts.length <= maxLength;
        return fits ? push(name, texts, maxLength) : 0;
      }),
    /^queue: push of several requests appends the first ones until/,
  ],
  [
    'shift returns one request at most',
    ({ queue }) => replace(queue, 'shift', (shift) => (name, _count, terms) => shift(name, 1, terms)),
    /^queue: shift returns at most/,
  ],
  [
    'length counts removed requests',
    ({ queue }) => {
      let pushed = 0;
      replace(queue, 'push', (push) => async (...args) => {
        pushed += 1;
        return push(...args);
      });
      queue.length = async () => pushed;
    },
    /^queue: length counts waiting/,
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
    /^queue: queues are independent/,
  ],
];

/** Returns the reservation with an id that does not identify the delivery. */
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
    /^reservations: a request whose lease has expired/,
  ],
  [
    'every lease has the longest duration',
    ({ queue }) =>
      replace(
        queue,
        'reserve',
        (reserve) => (name, count, _leaseMs, terms) => reserve(name, count, 600_000, terms),
      ),
    /^reservations: each lease has its own duration/,
  ],
  [
    'an id identifies the request, not the delivery',
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
    /^reservations: the id of an expired lease has no effect/,
  ],
  [
    'extend does nothing',
    ({ queue }) => replace(queue, 'extend', () => async (_name, ids) => ids.map(() => true)),
    /^reservations: extend lengthens/,
  ],
  [
    'a release moves the request to the end of the queue',
    ({ queue }) =>
      replace(queue, 'release', () => async (name, id) => {
        await queue.acknowledge(name, [id]);
        await queue.push(name, ['first'], 100);
        return 'released';
      }),
    /^reservations: a released request is delivered next/,
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
    'a release ignores the delay',
    ({ queue }) =>
      replace(
        queue,
        'release',
        (release) => (name, id, terms) => release(name, id, { ...terms, delayMs: 0 }),
      ),
    /^reservations: a request released with a delay/,
  ],
  [
    'length counts reserved requests',
    ({ queue }) =>
      replace(queue, 'length', (length) => async (name) => {
        const { reserved } = await queue.contents(name);
        return (await length(name)) + reserved;
      }),
    /^reservations: reserved requests do not count/,
  ],
  [
    'contents never returns an age',
    ({ queue }) =>
      replace(queue, 'contents', (contents) => async (name) => ({
        ...(await contents(name)),
        oldestAgeMs: null,
      })),
    /^reservations: contents returns the age/,
  ],
];

export const QUEUE_BYTES_SABOTAGES: Sabotage[] = [
  [
    'push ignores maxBytes',
    ({ queue }) => replace(queue, 'push', (push) => (name, texts, maxLength) => push(name, texts, maxLength)),
    /^queue bytes: push appends the first requests that fit/,
  ],
  [
    'removed requests still count as bytes',
    ({ queue }) => {
      let most = 0;
      replace(queue, 'contents', (contents) => async (name) => {
        const current = await contents(name);
        most = Math.max(most, current.bytes);
        return { ...current, bytes: most };
      });
    },
    /^queue bytes: reserved and returned requests/,
  ],
  [
    'replays ignore maxBytes',
    ({ queue }) =>
      replace(queue, 'replayDeadLetter', (replay) => (name, id, maxLength) => replay(name, id, maxLength)),
    /^queue bytes: dead letters do not count/,
  ],
];

export const DEAD_LETTERS_SABOTAGES: Sabotage[] = [
  [
    'releases never make a dead letter',
    ({ queue }) =>
      replace(
        queue,
        'release',
        (release) => (name, id, terms) => release(name, id, { ...terms, maxDeliveries: 1_000 }),
      ),
    /^dead letters: a request released too often/,
  ],
  [
    'expired leases never make a dead letter',
    ({ queue }) =>
      replace(
        queue,
        'reserve',
        (reserve) => (name, count, leaseMs, terms) =>
          reserve(name, count, leaseMs, { ...terms, maxDeliveries: 1_000 }),
      ),
    /^dead letters: a request whose leases expire/,
  ],
  [
    'the number of dead letters has no limit',
    ({ queue }) =>
      replace(
        queue,
        'release',
        (release) => (name, id, terms) => release(name, id, { ...terms, maxDeadLetters: 1_000 }),
      ),
    /^dead letters: above maxDeadLetters/,
  ],
  [
    'a replay keeps the dead letter',
    ({ queue }) =>
      replace(queue, 'replayDeadLetter', () => async (name, id, maxLength) => {
        const letters = await queue.listDeadLetters(name, 100);
        const letter = letters.find((one) => one.id === id);
        if (letter === undefined) return 'unknown';
        return (await queue.push(name, [letter.request], maxLength)) === 1 ? 'replayed' : 'full';
      }),
    /^dead letters: a replayed dead letter/,
  ],
  [
    'clear removes dead letters',
    ({ queue }) =>
      replace(queue, 'clear', (clear) => async (name) => {
        await clear(name);
        await queue.clearDeadLetters(name);
      }),
    /^dead letters: clear keeps dead letters/,
  ],
  [
    'listDeadLetters ignores limit and after',
    ({ queue }) =>
      replace(queue, 'listDeadLetters', (listDeadLetters) => (name) => listDeadLetters(name, 100)),
    /^dead letters: dead letters are listed/,
  ],
];
