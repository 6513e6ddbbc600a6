import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';

const SEPARATOR = '.';

/**
 * Task ids for clients: the pool's id and a seal that binds it to its tenant. No process has to remember the owner, and
 * an id is useless to other tenants. Processes with the same `API_KEYS` accept each other's ids; a change of the keys
 * invalidates all earlier ids.
 */
@Injectable()
export class TaskIds {
  readonly #secret: Buffer;

  constructor(config: ConfigService) {
    const keys = config.get<string>('API_KEYS') ?? '';
    this.#secret = createHash('sha256').update(`task ids\0${keys}`).digest();
  }

  /** Returns the id that the tenant gets. */
  seal(tenant: string, taskId: string): string {
    return `${taskId}${SEPARATOR}${this.#sealOf(tenant, taskId).toString('base64url')}`;
  }

  /** Returns the pool's id, or `null` if `id` is malformed or belongs to another tenant. */
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
