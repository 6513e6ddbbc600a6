import { z } from 'zod';
import type { TaskCancelled } from '../tasks/tasks.controller.js';
import type { TaskView } from '../tasks/task-view.js';
import { apiSchema } from './api-schemas.js';
import { problems } from './problem-docs.js';
import { jsonAnswer, pathPart, type RouteDocs, textAnswer } from './route-doc.js';

const task: z.ZodType<TaskView> = z.object({
  id: z.string(),
  status: z.enum(['pending', 'running', 'completed', 'failed', 'timeout', 'killed']),
  submitted_at: z.iso.datetime(),
  started_at: z.iso.datetime().nullable(),
  finished_at: z.iso.datetime().nullable(),
  result: z
    .object({
      completion: z.string(),
      usage: z.looseObject({ input_tokens: z.int(), output_tokens: z.int() }),
      cost: z.number(),
      model: z.string(),
      stop_reason: z.string(),
    })
    .nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
const cancelled: z.ZodType<TaskCancelled> = z.object({
  id: z.string(),
  cancelled: z.boolean().meta({ description: '`false`: it had ended already' }),
});

export const TASK = apiSchema('Task', task);
const CANCELLED = apiSchema('TaskCancelled', cancelled);
const ID = pathPart('id', 'As in the `Location` of a 202', 'b0c1….seal');

export const EXAMPLE_TASK: TaskView = {
  id: '6f1e6f0a-8f5e-4f2c-9a51-0b6c6f0e8a11.q0fJ3qk2Vd8m1yJ0b3o2Zg',
  status: 'pending',
  submitted_at: '2026-01-01T12:00:00.000Z',
  started_at: null,
  finished_at: null,
  result: null,
  error: null,
};
const COMPLETED: TaskView = {
  ...EXAMPLE_TASK,
  status: 'completed',
  started_at: '2026-01-01T12:00:00.010Z',
  finished_at: '2026-01-01T12:00:01.200Z',
  result: {
    completion: 'Redis is fast.',
    usage: { input_tokens: 15, output_tokens: 4 },
    cost: 0,
    model: 'offline-extractive',
    stop_reason: 'end_turn',
  },
};

export const tasksDocs: RouteDocs = {
  'GET /v1/tasks/{id}': {
    tag: 'Tasks',
    summary: 'A task as it stands now, and its result',
    parameters: [ID],
    responses: {
      200: jsonAnswer(
        'The task',
        TASK,
        { pending: EXAMPLE_TASK, completed: COMPLETED },
        { 'Retry-After': 'Seconds after which to ask again; while it has not ended' },
      ),
      ...problems(401, 404, 429),
    },
  },
  'DELETE /v1/tasks/{id}': {
    tag: 'Tasks',
    summary: 'Cancel a task',
    description: 'Everybody who waits for it is told that it was cancelled.',
    parameters: [ID],
    responses: {
      200: jsonAnswer('Whether it was cancelled', CANCELLED, {
        cancelled: { id: EXAMPLE_TASK.id, cancelled: true },
      }),
      ...problems(401, 404, 429),
    },
  },
  'GET /v1/tasks/{id}/events': {
    tag: 'Tasks',
    summary: 'The changes of a task, as Server-Sent Events',
    description: '`status` with the task for its present state and each change, then `end`.',
    parameters: [ID],
    responses: {
      200: textAnswer(
        'The events',
        'text/event-stream',
        `event: status\ndata: ${JSON.stringify(COMPLETED)}\n\n`,
      ),
      ...problems(401, 404, 429),
    },
  },
};
