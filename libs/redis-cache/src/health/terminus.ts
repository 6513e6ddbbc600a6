/** The statuses that the installed Terminus knows, which is optional: `any` without it. `degraded` exists since 12. */
/** @ts-ignore: without the package there is no type. */
export type TerminusStatus = import('@nestjs/terminus').HealthIndicatorStatus;

let status: Promise<TerminusStatus> | undefined;

/**
 * Returns `degraded`, or `up` with a Terminus that does not know `degraded` and would drop the check. Loads Terminus
 * only now, when the application that calls the indicator has loaded it anyway.
 */
export function degradedStatus(): Promise<TerminusStatus> {
  status ??= import('@nestjs/terminus').then(
    ({ HealthIndicatorService }) =>
      'degraded' in new HealthIndicatorService().check('') ? 'degraded' : 'up',
    () => 'degraded' as const,
  );
  return status;
}
