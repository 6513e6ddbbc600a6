import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { WorkerPool } from 'nestjs-worker-pool';

/** A worker's tasks end or go back before anything else closes: what they compute has yet to be stored. */
@Injectable()
export class WorkerDrain implements BeforeApplicationShutdown {
  constructor(private readonly pool: WorkerPool) {}

  beforeApplicationShutdown(): Promise<void> {
    return this.pool.close();
  }
}
