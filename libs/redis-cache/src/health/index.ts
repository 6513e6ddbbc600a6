export {
  getRedisCacheHealthToken,
  InjectRedisCacheHealth,
  type RedisCacheHealthDetails,
  RedisCacheHealthIndicator,
  type RedisCacheHealthResult,
} from './redis-cache.health.js';
