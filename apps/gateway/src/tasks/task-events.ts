import { PassThrough, type Readable } from 'node:stream';
import type { TaskSnapshot, WatchOptions } from 'nestjs-worker-pool';

const HEARTBEAT = ': still here\n\n';
const END = 'event: end\ndata: {}\n\n';
const LOST = 'event: error\ndata: {"code":"ERR_TASK_LOST"}\n\n';

export interface TaskEventsOptions {
  /** The changes of the task, the present state first; ends with it. */
  watch: (options: WatchOptions) => AsyncIterable<TaskSnapshot>;
  view: (task: TaskSnapshot) => object;
  /** How often a comment shows that the connection stands, in milliseconds. */
  heartbeatMs: number;
}

/**
 * A task's changes as Server-Sent Events: `status` for each, then `end`. Ends with the task, and stops
 * watching when its reader leaves.
 */
export function taskEvents({ watch, view, heartbeatMs }: TaskEventsOptions): Readable {
  const stream = new PassThrough();
  const left = new AbortController();
  // Who reads nothing is not sent more and more.
  const beat = (): void => void (stream.writableNeedDrain || stream.write(HEARTBEAT));
  const heartbeat = setInterval(beat, heartbeatMs);
  stream.once('close', () => {
    clearInterval(heartbeat);
    left.abort();
  });
  // Errors of a reader that left concern nobody.
  stream.on('error', () => {});
  void send(stream, watch({ signal: left.signal }), view).finally(() => clearInterval(heartbeat));
  return stream;
}

async function send(
  stream: PassThrough,
  tasks: AsyncIterable<TaskSnapshot>,
  view: TaskEventsOptions['view'],
): Promise<void> {
  try {
    for await (const task of tasks) stream.write(`event: status\ndata: ${JSON.stringify(view(task))}\n\n`);
    stream.end(END);
  } catch {
    if (!stream.destroyed) stream.end(LOST);
  }
}
