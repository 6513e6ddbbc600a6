import { EPOCH } from './queue-lua.js';

/** A delivery: entry, delivery count if it is not 1 (see `queue-lua.ts`), and the bytes of the request if they count. */
const DELIVERY_ID = /^(\d{1,20}-\d{1,20})(?::(\d{1,15}))?(?:\+\d{1,10})?$/;
const DELIVERY_AND_BYTES = /^(\d{1,20}-\d{1,20}(?::\d{1,15})?)(?:\+(\d{1,10}))?$/;

/** The parts of a delivery's id. */
export interface DeliveryParts {
  entry: string;
  /** As Redis stores it. */
  count: string;
  /** Deliveries that count. */
  deliveries: number;
}

/** Returns the id of a delivery. It carries the bytes, so that Redis need not read the request to count them off. */
export function toDeliveryId(entry: string, count: number, bytes: number): string {
  const delivery = count === 1 ? entry : `${entry}:${count}`;
  return bytes < 0 ? delivery : `${delivery}+${bytes}`;
}

/** Returns the parts of an id, or `null` if the queue cannot have returned it. */
export function partsOfDelivery(id: string): DeliveryParts | null {
  const [, entry, count = '1'] = DELIVERY_ID.exec(id) ?? [];
  return entry === undefined ? null : { entry, count, deliveries: Number(count) % EPOCH };
}

/** Ids as scripts expect them, and the bytes of their requests; 0 where they do not count. */
export interface SplitIds {
  deliveries: string[];
  bytes: number[];
  /** For each id that was given, whether the queue can have returned it. The others are left out. */
  areWellFormed: boolean[];
}

/** Splits ids, each in one pass: acknowledging many at once is mostly this. */
export function splitIds(ids: readonly string[]): SplitIds {
  const split: SplitIds = { deliveries: [], bytes: [], areWellFormed: [] };
  for (const id of ids) {
    const [, delivery, bytes = '0'] = DELIVERY_AND_BYTES.exec(id) ?? [];
    split.areWellFormed.push(delivery !== undefined);
    if (delivery === undefined) continue;
    split.deliveries.push(delivery);
    split.bytes.push(Number(bytes));
  }
  return split;
}
