// Node's own: the real one, also under a test's clock.
import { setImmediate } from 'node:timers';

let turn = 0;
let isWatched = false;

const end = (): void => {
  turn += 1;
  isWatched = false;
};

/** Number of the current turn of the event loop; equal for calls that arrive together. */
export function currentTurn(): number {
  if (!isWatched) setImmediate(end);
  isWatched = true;
  return turn;
}
