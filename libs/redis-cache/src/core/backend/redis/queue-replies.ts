import type { Reservation, StoredDeadLetter } from '../queue-store.js';
import { toDeliveryId } from './delivery-id.js';
import { EPOCH, FIELD, UNCOUNTED } from './queue-lua.js';

type Entry = [id: Buffer, fields: Buffer[]];
const FIELD_BYTES = Buffer.from(FIELD);
const UNCOUNTED_BYTES = Buffer.from(UNCOUNTED);

/** Reservations in the reply of XREADGROUP: all are first deliveries. */
export function toFirstDeliveries(reply: unknown): Reservation[] {
  return entriesIn(reply).map(([id, fields]) => {
    const request = valueOf(fields, FIELD_BYTES);
    const bytes = fields[2]?.equals(UNCOUNTED_BYTES) ? -1 : (request?.length ?? 0);
    const delivery = toDeliveryId(id.toString('latin1'), 1, bytes);
    return { id: delivery, request: request?.toString() ?? '', deliveries: 1 };
  });
}

/** Reservations in the reply of RESERVE: id, delivery count, request and bytes of each. */
export function toReservations(reply: string[]): Reservation[] {
  const reservations: Reservation[] = [];
  for (let at = 0; at < reply.length; at += 4) {
    const count = Number(reply[at + 1]);
    const id = toDeliveryId(reply[at]!, count, Number(reply[at + 3]));
    reservations.push({ id, request: reply[at + 2]!, deliveries: count % EPOCH });
  }
  return reservations;
}

/** A dead letter in the reply of XRANGE. */
export function toStoredDeadLetter([id, fields]: [string, string[]]): StoredDeadLetter {
  const field = (name: string): string => fields[fields.indexOf(name) + 1] ?? '';
  return {
    id,
    request: field(FIELD),
    deliveries: Number(field('deliveries')),
    reason: field('reason'),
    queuedAt: timeOf(field('queued')),
    diedAt: timeOf(id),
  };
}

/** Epoch milliseconds at which an entry was added: the first part of its id. */
export function timeOf(entryId: string): number {
  return Number(entryId.split('-', 1)[0]);
}

/** The value of a field; an entry is a list of fields and values. */
function valueOf(fields: readonly Buffer[], name: Buffer): Buffer | undefined {
  for (let at = 0; at < fields.length; at += 2) if (fields[at]!.equals(name)) return fields[at + 1];
  return undefined;
}

/** The user's client may speak RESP3, in which the reply has another form. */
function entriesIn(reply: unknown): Entry[] {
  if (reply === null || reply === undefined) return [];
  if (!Array.isArray(reply)) return Object.values(reply)[0] as Entry[];
  return (Array.isArray(reply[0]) ? reply[0][1] : reply[1]) as Entry[];
}
