let status: Promise<'degraded' | 'up'> | undefined;

/**
 * Returns `degraded`, or `up` with a Terminus that does not know `degraded` and would drop the check. Loads Terminus
 * only now, when the application that calls the indicator has loaded it anyway.
 */
export function degradedStatus(): Promise<'degraded' | 'up'> {
  status ??= import('@nestjs/terminus').then(
    ({ HealthIndicatorService }) =>
      'degraded' in new HealthIndicatorService().check('') ? 'degraded' : 'up',
    () => 'degraded' as const,
  );
  return status;
}
