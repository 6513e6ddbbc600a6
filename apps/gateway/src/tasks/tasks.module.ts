import { Module } from '@nestjs/common';
import { TaskIds } from './task-ids.js';
import { TasksController } from './tasks.controller.js';

@Module({ controllers: [TasksController], providers: [TaskIds], exports: [TaskIds] })
export class TasksModule {}
