import { Module } from '@nestjs/common';
import { SavingsModule } from '../savings/savings.module.js';
import { CacheController } from './cache.controller.js';

@Module({ imports: [SavingsModule], controllers: [CacheController] })
export class CacheModule {}
