import type { CompletionEvent, TaskStream } from 'nestjs-worker-pool';

/** The form in which executors emit the pieces of a text. */
export const delta = (text: string): CompletionEvent => ({
  type: 'content_block_delta',
  index: 0,
  delta: { type: 'text_delta', text },
});

export const deltas = (count: number): CompletionEvent[] =>
  Array.from({ length: count }, (_, index) => delta(`piece ${index} `));

/** All events of a stream, from the first to the end. */
export async function eventsOf(stream: TaskStream): Promise<CompletionEvent[]> {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
}

/** The next `count` events; the iteration stays open. */
export async function take(
  iterator: AsyncIterator<CompletionEvent>,
  count: number,
): Promise<CompletionEvent[]> {
  const events = [];
  while (events.length < count) events.push((await iterator.next()).value as CompletionEvent);
  return events;
}

/** The events until the iteration throws, and what it throws. */
export async function eventsAndFailure(
  stream: TaskStream,
): Promise<{ events: CompletionEvent[]; failure: unknown }> {
  const events = [];
  try {
    for await (const event of stream) events.push(event);
    return { events, failure: 'none' };
  } catch (failure) {
    return { events, failure };
  }
}

export const iterate = (stream: TaskStream): AsyncIterator<CompletionEvent> => stream[Symbol.asyncIterator]();
