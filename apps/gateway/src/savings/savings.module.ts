import { Module } from '@nestjs/common';
import { SavingsService } from './savings.service.js';

@Module({ providers: [SavingsService], exports: [SavingsService] })
export class SavingsModule {}
