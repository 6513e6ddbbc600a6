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

/** A tag in a body or a URL. No `/`, which stands between a tenant and its tags. */
export const TAG_PATTERN = /^[A-Za-z0-9._:-]{1,64}$/;

/** The tags as the cache knows them: those of two tenants are apart. */
export function scopedTags(tenant: string, tags: readonly string[]): string[] {
  return tags.map((tag) => `${tenant}/${tag}`);
}
