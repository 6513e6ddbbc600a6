import type { IncomingHttpHeaders } from 'node:http';

/** The class names of OpenAI's official clients, such as `OpenAI/JS 7.59.0` and `AsyncOpenAI/Python 2.1.0`. */
const USER_AGENT = 'OpenAI/';

/**
 * Whether a request comes from an official client of OpenAI. In a browser it cannot set its `User-Agent`, but says its
 * language, as that of Anthropic does, which always names a version of its API.
 */
export function isOpenAiClient(headers: IncomingHttpHeaders): boolean {
  if (headers['user-agent']?.includes(USER_AGENT)) return true;
  return headers['x-stainless-lang'] !== undefined && headers['anthropic-version'] === undefined;
}
