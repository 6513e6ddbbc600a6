import { Module } from '@nestjs/common';
import { ConnectionDrain, WorkDeadline } from './shutdown.js';

@Module({ providers: [ConnectionDrain, WorkDeadline], exports: [ConnectionDrain] })
export class LifecycleModule {}
