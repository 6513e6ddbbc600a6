import { Global, Module } from '@nestjs/common';
import { Executor } from 'nestjs-worker-pool';
import { createExecutor } from './create-executor.js';
import { gatewayConfig } from './gateway-config.js';

/** The one executor of this process, which the pool owns and closes. */
@Global()
@Module({
  providers: [{ provide: Executor, inject: [gatewayConfig.KEY], useFactory: createExecutor }],
  exports: [Executor],
})
export class ExecutorModule {}
