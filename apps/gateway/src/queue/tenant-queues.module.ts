import { Module } from '@nestjs/common';
import { TenantQueues } from './tenant-queues.js';

@Module({ providers: [TenantQueues], exports: [TenantQueues] })
export class TenantQueuesModule {}
