import { Module } from '@nestjs/common';
import { ConnectionDrain } from 'nestjs-redis-cache/http';
import { WorkDeadline } from './shutdown.js';

@Module({ providers: [ConnectionDrain, WorkDeadline] })
export class LifecycleModule {}
