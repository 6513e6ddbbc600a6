/**
 * Starts several things at once; when one fails to start, stops the others instead of leaking them.
 *
 *   const nodes = await startAll(3, () => RedisServer.start({ cluster: true }));
 *   await stopAll(nodes);
 */
export interface Stoppable {
  stop(): Promise<unknown>;
}

export async function startAll<T extends Stoppable>(
  count: number,
  start: (index: number) => Promise<T>,
): Promise<T[]> {
  const outcomes = await Promise.allSettled(Array.from({ length: count }, (_, index) => start(index)));
  const started = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure === undefined) return started;
  await stopAll(started);
  throw failure.reason;
}

export async function stopAll(things: readonly Stoppable[]): Promise<void> {
  await Promise.all(things.map((thing) => thing.stop()));
}
