import type { QueueEvents } from 'bullmq';
import type { TaskResult } from '../../contract/task.js';
import { parseResult } from '../stored-task.js';

/** What a process hears of all tasks of the queue. */
export interface TaskEventListener {
  /** A task has ended; this is its result. */
  ended(taskId: string, result: TaskResult): void;
  /** A task has ended, perhaps; the event does not tell how. */
  changed(taskId: string): void;
  /** A task was put into the queue, or taken out of it by a worker. */
  moved(taskId: string): void;
}

interface StoppedEvent {
  jobId: string;
  result: string;
}

/** Translates the events of BullMQ, and the pool's own among them. */
export function listenToEvents(events: QueueEvents, listener: TaskEventListener): void {
  const end = (taskId: string, told: unknown): void => {
    const result = parseResult(taskId, told);
    if (result) {
      listener.ended(taskId, result);
    } else {
      listener.changed(taskId);
    }
  };
  const changed = ({ jobId }: { jobId: string }): void => listener.changed(jobId);
  events.on('completed', ({ jobId, returnvalue }) => end(jobId, returnvalue));
  events.on<StoppedListener>('stopped', ({ jobId, result }: StoppedEvent) => end(jobId, result));
  events.on('active', ({ jobId }) => listener.moved(jobId));
  events.on('waiting', ({ jobId }) => listener.moved(jobId));
  events.on('failed', changed);
  events.on('removed', changed);
  // It connects again by itself; meanwhile results are looked up.
  events.on('error', () => {});
}

type StoppedListener = import('bullmq').QueueEventsListener & {
  stopped: (args: StoppedEvent, id: string) => void;
};
