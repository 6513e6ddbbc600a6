import { Controller, Delete, Get, Header, Inject, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type TaskSnapshot, WorkerPool } from 'nestjs-worker-pool';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import { ProblemError } from '../http/problem.js';
import { sendEvents } from '../http/client-gone.js';
import { CurrentTenant } from '../tenants/access.decorators.js';
import type { Tenant } from '../tenants/tenant.js';
import { retryAfterSeconds } from './retry-after.js';
import { taskEvents } from './task-events.js';
import { TaskIds } from './task-ids.js';
import { type TaskView, toTaskView } from './task-view.js';

const NOT_FOUND = new ProblemError(404, 'There is no such task, or its result is no longer kept.', {
  code: 'ERR_TASK_NOT_FOUND',
});

/** Answer of `DELETE /v1/tasks/:id`. */
export interface TaskCancelled {
  id: string;
  /** `false`: it had ended already. */
  cancelled: boolean;
}

@Controller('v1/tasks')
export class TasksController {
  constructor(
    private readonly pool: WorkerPool,
    private readonly ids: TaskIds,
    @Inject(gatewayConfig.KEY) private readonly config: GatewayConfig,
  ) {}

  /** A task as it stands now. */
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

  /** Stops a task. Everybody who waits for it hears of that. */
  @Delete(':id')
  async cancel(@Param('id') id: string, @CurrentTenant() tenant: Tenant): Promise<TaskCancelled> {
    const { taskId } = await this.#find(tenant, id);
    return { id, cancelled: await this.pool.cancel(taskId) };
  }

  /** The changes of a task as Server-Sent Events, from its present state to its end. */
  @Get(':id/events')
  async events(
    @Param('id') id: string,
    @CurrentTenant() tenant: Tenant,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { taskId } = await this.#find(tenant, id);
    const events = taskEvents({
      watch: (options) => this.pool.watchTask(taskId, options),
      view: (task) => toTaskView(id, task),
      heartbeatMs: this.config.SSE_HEARTBEAT_MS,
    });
    sendEvents(reply, events);
  }

  async #find(tenant: Tenant, id: string): Promise<TaskSnapshot> {
    const taskId = this.ids.open(tenant.name, id);
    const task = taskId === null ? null : await this.pool.getTask(taskId);
    if (task === null) throw NOT_FOUND;
    return task;
  }
}
