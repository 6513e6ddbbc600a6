import { getOrPut } from '../util/get-or-put.js';

/** How many requests of a kind there were. */
interface RequestCount {
  readonly labels: { method: string; route: string; status: number };
  count: number;
}

type Statuses = Map<number, RequestCount>;
type Methods = Map<string, Statuses>;

const noMethods = (): Methods => new Map();
const noStatuses = (): Statuses => new Map();

/** Counts requests by route, method and status. */
export class RequestCounts {
  // One level for each: putting the three together would make a text for every request.
  readonly #routes = new Map<string, Methods>();

  add(route: string, method: string, status: number): void {
    const statuses = getOrPut(getOrPut(this.#routes, route, noMethods), method, noStatuses);
    getOrPut(statuses, status, () => ({ labels: { method, route, status }, count: 0 })).count += 1;
  }

  *[Symbol.iterator](): Iterator<RequestCount> {
    for (const methods of this.#routes.values())
      for (const statuses of methods.values()) yield* statuses.values();
  }
}
