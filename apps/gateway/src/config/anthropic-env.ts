import { z } from 'zod';

const MAX_RETRIES = 100;
const MAX_PING_MS = 3_600_000;

/**
 * Settings of `POST /v1/messages` and of the `anthropic` executor, but for its key: that one it reads itself, so
 * that no copy lies around.
 */
export const anthropicShape = {
  ANTHROPIC_BASE_URL: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).optional(),
  ANTHROPIC_MODEL: z.string().trim().min(1).optional(),
  MESSAGES_PING_MS: z.coerce.number().int().min(1).max(MAX_PING_MS).default(10_000),
  ANTHROPIC_MAX_RETRIES: z.coerce.number().int().min(0).max(MAX_RETRIES).default(2),
};
