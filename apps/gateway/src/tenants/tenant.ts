import { ANONYMOUS_NAME, type Tenant } from '../config/api-keys.js';

export { ANONYMOUS_NAME, type Tenant };

/** The tenant of every request if no keys are set. */
export const ANONYMOUS: Tenant = Object.freeze({ name: ANONYMOUS_NAME, admin: true });

/** The caller of a public route if keys are set. */
export const GUEST: Tenant = Object.freeze({ name: ANONYMOUS_NAME, admin: false });

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any handler runs, see `checkKeys`. */
    tenant: Tenant;
  }
}

/** A tag in a body or a URL. It contains no `/`, which separates a tenant from its tags. */
export const TAG_PATTERN = /^[A-Za-z0-9._:-]{1,64}$/;

/** Prefixes tags with the tenant, so that tenants do not share them. */
export function scopedTags(tenant: string, tags: readonly string[]): string[] {
  return tags.map((tag) => `${tenant}/${tag}`);
}
