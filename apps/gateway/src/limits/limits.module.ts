import { Global, Module } from '@nestjs/common';
import { BodyBudget } from './body-budget.js';

/** Provides the limits that all routes share. */
@Global()
@Module({ providers: [BodyBudget], exports: [BodyBudget] })
export class LimitsModule {}
