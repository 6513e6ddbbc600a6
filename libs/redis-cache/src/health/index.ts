export {
  getRedisCacheHealthToken,
  InjectRedisCacheHealth,
  type RedisCacheHealthDetails,
  RedisCacheHealthIndicator,
  type RedisCacheHealthResult,
  type RedisCacheHealthStatus,
} from './redis-cache.health.js';
