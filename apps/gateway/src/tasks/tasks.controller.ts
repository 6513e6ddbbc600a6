import { PassThrough } from 'node:stream';
import { Controller, Delete, Get, Header, Inject, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type TaskSnapshot, type WatchOptions, WorkerPool } from 'nestjs-worker-pool';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import { sendEvents } from '../http/client-gone.js';
import { ProblemError } from '../http/problem.js';
import { EventStreams } from '../limits/event-streams.js';
import { CurrentTenant } from '../tenants/access.decorators.js';
import type { Tenant } from '../tenants/tenant.js';
import { TaskIds } from './task-ids.js';
import { retryAfterSeconds, type TaskView, toTaskView } from './task-view.js';

const NOT_FOUND = new ProblemError(404, 'There is no such task, or its result is no longer kept.', {
  code: 'ERR_TASK_NOT_FOUND',
});

/** Response of `DELETE /v1/tasks/:id`. */
export interface TaskCancelled {
  id: string;
  /** `false` if the task had already ended. */
  cancelled: boolean;
}

@Controller('v1/tasks')
export class TasksController {
  constructor(
    private readonly pool: WorkerPool,
    private readonly ids: TaskIds,
    private readonly streams: EventStreams,
    @Inject(gatewayConfig.KEY) private readonly config: GatewayConfig,
  ) {}

  /** Returns the current state of a task. */
  @Get(':id')
  @Header('Cache-Control', 'no-store')
  async get(
    @Param('id') id: string,
    @CurrentTenant() tenant: Tenant,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TaskView> {
    const task = await this.#find(tenant, id);
    if (task.result === null) reply.header('Retry-After', retryAfterSeconds(await this.pool.stats()));
    return toTaskView(id, task);
  }

  /** Cancels a task. All its waiters are notified. */
  @Delete(':id')
  async cancel(@Param('id') id: string, @CurrentTenant() tenant: Tenant): Promise<TaskCancelled> {
    const { taskId } = await this.#find(tenant, id);
    return { id, cancelled: await this.pool.cancel(taskId) };
  }

  /** Streams the changes of a task as Server-Sent Events, from its current state to its end. */
  @Get(':id/events')
  async events(
    @Param('id') id: string,
    @CurrentTenant() tenant: Tenant,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { taskId } = await this.#find(tenant, id);
    const options = {
      watch: (watchOptions: WatchOptions) => this.pool.watchTask(taskId, watchOptions),
      view: (task: TaskSnapshot) => toTaskView(id, task),
      heartbeatMs: this.config.SSE_HEARTBEAT_MS,
    };
    const events = this.streams.open(
      tenant.name,
      () => taskEvents(options),
      (stream) => stream.end(INTERRUPTED),
    );
    sendEvents(reply, events);
  }

  async #find(tenant: Tenant, id: string): Promise<TaskSnapshot> {
    const taskId = this.ids.open(tenant.name, id);
    const task = taskId === null ? null : await this.pool.getTask(taskId);
    if (task === null) throw NOT_FOUND;
    return task;
  }
}

const HEARTBEAT = ': still here\n\n';
const END = 'event: end\ndata: {}\n\n';
const INTERRUPTED = 'event: error\ndata: {"code":"ERR_TOO_MANY_LISTENERS"}\n\n';
const LOST = 'event: error\ndata: {"code":"ERR_TASK_LOST"}\n\n';

interface TaskEventsOptions {
  /** Yields the current state of the task and each change until its end. */
  watch: (options: WatchOptions) => AsyncIterable<TaskSnapshot>;
  view: (task: TaskSnapshot) => object;
  /** Interval of the comments that keep the connection alive, in milliseconds. */
  heartbeatMs: number;
}

/**
 * Renders the changes of a task as Server-Sent Events: a `status` event for each, then `end`. Stops watching when the
 * client disconnects.
 */
function taskEvents({ watch, view, heartbeatMs }: TaskEventsOptions): PassThrough {
  const stream = new PassThrough();
  const disconnected = new AbortController();
  // No heartbeats for a client that does not read.
  const beat = (): void => void (stream.writableNeedDrain || stream.write(HEARTBEAT));
  const heartbeat = setInterval(beat, heartbeatMs);
  const stop = (): void => {
    clearInterval(heartbeat);
    disconnected.abort();
  };
  stream.once('finish', stop);
  stream.once('close', stop);
  // Writing to a client that has disconnected fails, which needs no handling.
  stream.on('error', () => {});
  void send(stream, watch({ signal: disconnected.signal }), view);
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
    if (!stream.destroyed && !stream.writableEnded) stream.end(LOST);
  }
}
