/** Environment variables by name. */
export type Environment = Readonly<Record<string, string>>;

/** Where the variables of one run come from. */
export interface EnvironmentSources {
  /** Usually `process.env`. */
  inherited: Readonly<Record<string, string | undefined>>;
  allowList: readonly string[];
  extra: Environment;
  maxTokens?: number;
}

/** What no option of the command line turns off. */
const ISOLATION: Environment = {
  // "@/etc/passwd" in a prompt would put that file into the question, tools or no tools.
  CLAUDE_CODE_DISABLE_ATTACHMENTS: '1',
  CLAUDE_CODE_DISABLE_CLAUDE_MDS: '1',
  CLAUDE_CODE_DISABLE_AUTO_MEMORY: '1',
  // Says the same as --no-session-persistence, which some versions did not heed.
  CLAUDE_CODE_SKIP_PROMPT_HISTORY: '1',
  // A title for the session would cost a second request to a model.
  CLAUDE_CODE_DISABLE_TERMINAL_TITLE: '1',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
};

/** The whole environment of one run. */
export function claudeEnvironment(sources: EnvironmentSources): Environment {
  const environment: Record<string, string> = {};
  for (const name of sources.allowList) {
    const value = sources.inherited[name];
    if (value !== undefined) {
      environment[name] = value;
    }
  }
  return { ...environment, ...ISOLATION, ...sources.extra, ...limits(sources.maxTokens) };
}

function limits(maxTokens?: number): Environment {
  if (maxTokens === undefined) {
    return {};
  }
  // Thinking would be paid out of the same tokens, and its least budget (1,024) may be above the bound.
  return { CLAUDE_CODE_MAX_OUTPUT_TOKENS: String(maxTokens), MAX_THINKING_TOKENS: '0' };
}

const SECRET_NAME = /KEY|TOKEN|SECRET|PASS|AUTH|CREDENTIAL|HEADER|PROXY/i;

/** The values that must never be shown: credentials, and proxies, whose URLs may hold one. */
export function secretsOf(environment: Environment): string[] {
  return Object.entries(environment).flatMap(([name, value]) => (SECRET_NAME.test(name) ? [value] : []));
}
