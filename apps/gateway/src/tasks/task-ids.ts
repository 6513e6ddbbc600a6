import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';

const SEPARATOR = '.';

/**
 * Ids of tasks as clients know them: the pool's id, and a seal that says whose task it is. So no process has
 * to remember it, and a tenant that learns another's id can do nothing with it. All processes with the same
 * `API_KEYS` read each other's ids; after the keys have changed, those from before are unknown.
 */
@Injectable()
export class TaskIds {
  readonly #secret: Buffer;

  constructor(config: ConfigService) {
    const keys = config.get<string>('API_KEYS') ?? '';
    this.#secret = createHash('sha256').update(`task ids\0${keys}`).digest();
  }

  /** The id that is told to the tenant. */
  seal(tenant: string, taskId: string): string {
    return `${taskId}${SEPARATOR}${this.#sealOf(tenant, taskId).toString('base64url')}`;
  }

  /** The pool's id; `null` when it is no id, or one of another tenant. */
  open(tenant: string, id: string): string | null {
    const at = id.lastIndexOf(SEPARATOR);
    if (at <= 0) return null;
    const taskId = id.slice(0, at);
    const seal = Buffer.from(id.slice(at + 1), 'base64url');
    const expected = this.#sealOf(tenant, taskId);
    return seal.length === expected.length && timingSafeEqual(seal, expected) ? taskId : null;
  }

  #sealOf(tenant: string, taskId: string): Buffer {
    return createHmac('sha256', this.#secret).update(`${tenant}\0${taskId}`).digest().subarray(0, 16);
  }
}
