export {
  RedisThrottlerStorage,
  type RedisThrottlerStorageOptions,
  type ThrottlerRecord,
} from './redis-throttler-storage.js';
