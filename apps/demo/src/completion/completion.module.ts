import { Module } from '@nestjs/common';
import { SavingsModule } from '../savings/savings.module.js';
import { CompletionController } from './completion.controller.js';
import { CompletionService } from './completion.service.js';

@Module({
  imports: [SavingsModule],
  controllers: [CompletionController],
  providers: [CompletionService],
  exports: [CompletionService],
})
export class CompletionModule {}
