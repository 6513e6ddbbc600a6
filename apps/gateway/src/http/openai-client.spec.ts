import { expect, it } from '@jest/globals';
import { isOpenAiClient } from './openai-client.js';

it.each([
  [true, { 'user-agent': 'OpenAI/JS 7.59.0' }],
  [true, { 'user-agent': 'AsyncOpenAI/Python 2.1.0' }],
  [true, { 'user-agent': 'AzureOpenAI/JS 7.59.0' }],
  [true, { 'user-agent': 'Mozilla/5.0', 'x-stainless-lang': 'js' }],
  [
    false,
    { 'user-agent': 'Anthropic/JS 1.14.0', 'x-stainless-lang': 'js', 'anthropic-version': '2023-06-01' },
  ],
  [false, { 'user-agent': 'curl/8.5.0' }],
  [false, {}],
])('says %s for the headers %j', (expected, headers) => {
  expect(isOpenAiClient(headers)).toBe(expected);
});
