import { Script } from 'nestjs-redis-connection';

/**
 * Whether a worker may go on with the tasks that it runs.
 *
 * KEYS: tasks. ARGV: the token under which each is held. Answers for each: an empty text, `stopped` or `lost`.
 */
export const checkClaims = new Script(`
local verdicts = {}
for index, key in ipairs(KEYS) do
  if redis.call('HEXISTS', key, 'pool:stop') == 1 then
    verdicts[index] = 'stopped'
  elseif redis.call('GET', key .. ':lock') ~= ARGV[index] then
    verdicts[index] = 'lost'
  else
    verdicts[index] = ''
  end
end
return verdicts
`);
