import { Module } from '@nestjs/common';
import { CompletionsModule } from '../completions/completions.module.js';
import { LifecycleModule } from '../lifecycle/lifecycle.module.js';
import { SavingsModule } from '../savings/savings.module.js';
import { FastPath } from './fast-path.js';

@Module({ imports: [CompletionsModule, LifecycleModule, SavingsModule], providers: [FastPath] })
export class FastPathModule {}
