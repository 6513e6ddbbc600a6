import { ANONYMOUS_NAME, type Tenant } from '../config/api-keys.js';

export { ANONYMOUS_NAME, type Tenant };

/** Everybody, where no keys are set. */
export const ANONYMOUS: Tenant = Object.freeze({ name: ANONYMOUS_NAME, admin: true });

/** A caller of a public route, where keys are set. */
export const GUEST: Tenant = Object.freeze({ name: ANONYMOUS_NAME, admin: false });

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any handler runs, see `checkKeys`. */
    tenant: Tenant;
  }
}
