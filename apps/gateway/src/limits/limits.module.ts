import { Global, Module } from '@nestjs/common';
import { BodyBudget } from './body-budget.js';
import { EventStreams } from './event-streams.js';

/** Provides the limits that all routes share. */
@Global()
@Module({ providers: [BodyBudget, EventStreams], exports: [BodyBudget, EventStreams] })
export class LimitsModule {}
