import { z } from 'zod';
import { InvalidApiKeysError, parseApiKeys } from '../security/parse-api-keys.js';

const apiKeys = z.string().transform((text, context) => {
  try {
    return parseApiKeys(text);
  } catch (error) {
    if (!(error instanceof InvalidApiKeysError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
    return z.NEVER;
  }
});

/** Settings that decide who may call, and how much. */
export const securityShape = {
  API_KEYS: apiKeys.optional(),
  ALLOW_ANONYMOUS: z.stringbool({ truthy: ['true'], falsy: ['false'] }).default(false),
};
