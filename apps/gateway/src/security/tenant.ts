/** Who asks: the owner of an API key. Each tenant has a cache scope and a queue quota of its own. */
export interface Tenant {
  /** Lower-case letters, digits, `-` and `_`; part of every cache key. */
  readonly name: string;
  /** Whether the key may clear, invalidate and replay. */
  readonly admin: boolean;
  /** Whether the key may read numbers, those of all tenants, and nothing else. */
  readonly monitor?: boolean;
}

/** The name of whoever has no key. No key can have it. */
export const ANONYMOUS_NAME = 'anonymous';

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
