import { Controller, Get, Post } from '@nestjs/common';
import { SkipThrottle, Throttle } from '@nestjs/throttler';

/** Long enough that no window ends during a test. */
export const WINDOW_MS = 60_000;
/** Short enough to wait for its end. */
export const BLOCK_MS = 300;

const limited = { limit: 2, ttl: WINDOW_MS, blockDuration: BLOCK_MS };
const success = { success: true };

/** A route with the limit of the application. */
@Controller('default')
export class DefaultController {
  @Get()
  get(): object {
    return success;
  }
}

/** The limit of the class, and one that a method raises. */
@Controller('limit')
@Throttle({ default: limited })
export class LimitController {
  @Get()
  ofClass(): object {
    return success;
  }

  @Get('higher')
  @Throttle({ default: { ...limited, limit: 5 } })
  ofMethod(): object {
    return success;
  }

  @Post('once')
  @Throttle({ default: { ...limited, limit: 1 } })
  post(): object {
    return success;
  }

  @Get('none')
  @Throttle({ default: { ...limited, limit: 0 } })
  none(): object {
    return success;
  }

  @Get('skipped')
  @SkipThrottle()
  skipped(): object {
    return success;
  }
}

/** For an application with the throttlers `short`, `default` and `long`. */
@Controller()
export class NamedController {
  @Get('all')
  all(): object {
    return success;
  }

  @Get('skip-short')
  @SkipThrottle({ short: true })
  skipShort(): object {
    return success;
  }

  @Get('skip-others')
  @SkipThrottle({ default: true, long: true })
  skipOthers(): object {
    return success;
  }
}

/** Two routes that count together, because their keys do not contain the name of the route. */
@Controller('together')
@Throttle({
  default: {
    ttl: WINDOW_MS,
    blockDuration: WINDOW_MS,
    limit: (context) =>
      Number(context.switchToHttp().getRequest<{ headers: { limit: string } }>().headers.limit),
    getTracker: (request) => String(request['headers']['account']),
    generateKey: (_context, tracker, name) => `${name} of ${tracker}`,
  },
})
export class TogetherController {
  @Get('one')
  one(): object {
    return success;
  }

  @Get('two')
  two(): object {
    return success;
  }
}
