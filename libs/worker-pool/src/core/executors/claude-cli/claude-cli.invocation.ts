/** Input of the command line. The model's name is the only part of it that a user chooses. */
export interface ClaudeCliArguments {
  model?: string;
  /** Path of the file with the system prompt. Without it, the system prompt is empty. */
  systemPromptFile?: string;
}

// The CLI is an agent; these options reduce it to completing a text.
const FIXED = [
  // The report contains only the last part of the answer; the stream contains every message. It needs --verbose.
  ['--output-format', 'stream-json'],
  ['--verbose'],
  ['--include-partial-messages'],
  ['--tools', ''],
  ['--permission-mode', 'dontAsk'],
  ['--strict-mcp-config'],
  ['--setting-sources', ''],
  ['--disable-slash-commands'],
  ['--no-session-persistence'],
  // Exceeded by the first call of the API, after which the CLI would ask the model again by itself in some cases.
  ['--max-budget-usd', '0.000000001'],
].flat();

/** The command line of one run. */
export function claudeArguments({ model, systemPromptFile }: ClaudeCliArguments): string[] {
  return [
    '--print',
    ...FIXED,
    ...(model === undefined ? [] : ['--model', model]),
    ...(systemPromptFile === undefined
      ? ['--system-prompt', '']
      : ['--system-prompt-file', systemPromptFile]),
  ];
}

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string>>;

/** Sources of the environment of one run. */
export interface EnvironmentSources {
  /** Usually `process.env`. */
  inherited: Readonly<Record<string, string | undefined>>;
  allowList: readonly string[];
  extra: Environment;
  maxTokens?: number;
}

/** Settings that have no command line option. */
const ISOLATION: Environment = {
  // "@/etc/passwd" in a prompt would insert the contents of that file, even without tools.
  CLAUDE_CODE_DISABLE_ATTACHMENTS: '1',
  CLAUDE_CODE_DISABLE_CLAUDE_MDS: '1',
  CLAUDE_CODE_DISABLE_AUTO_MEMORY: '1',
  // Equivalent to --no-session-persistence, which some versions ignored.
  CLAUDE_CODE_SKIP_PROMPT_HISTORY: '1',
  // A title for the session would cost a second model request.
  CLAUDE_CODE_DISABLE_TERMINAL_TITLE: '1',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  DISABLE_AUTOUPDATER: '1',
  // One call of the API for each request: no repetition, no other model, no summary of a long prompt.
  CLAUDE_CODE_MAX_RETRIES: '0',
  CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK: '1',
  CLAUDE_CODE_DISABLE_REFUSAL_RETRY: '1',
  CLAUDE_CODE_DISABLE_REFUSAL_FALLBACK: '1',
  CLAUDE_CODE_DISABLE_MODEL_ACCESS_FALLBACK: '1',
  CLAUDE_CODE_DISABLE_LEGACY_MODEL_REMAP: '1',
  DISABLE_COMPACT: '1',
  // A word in the prompt would change the effort.
  CLAUDE_CODE_DISABLE_ULTRATHINK: '1',
};

/**
 * Keeps working directory, operating system and date out of the prompt. The CLI then ignores its own login, so this is only
 * for a key or a token.
 */
const BARE: Environment = { CLAUDE_CODE_SIMPLE: '1' };
const KEYS = ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN'];

/** The complete environment of one run. */
export function claudeEnvironment(sources: EnvironmentSources): Environment {
  const environment: Record<string, string> = {};
  for (const name of sources.allowList) {
    const value = sources.inherited[name];
    if (value !== undefined) {
      environment[name] = value;
    }
  }
  const given = { ...environment, ...sources.extra };
  const bare = KEYS.some((name) => given[name]) ? BARE : {};
  return { ...environment, ...ISOLATION, ...bare, ...sources.extra, ...limitsOf(sources.maxTokens) };
}

function limitsOf(maxTokens?: number): Environment {
  if (maxTokens === undefined) {
    return {};
  }
  // Thinking uses the same tokens. Releases before 2.1.300 know only the last variable.
  return {
    CLAUDE_CODE_MAX_OUTPUT_TOKENS: String(maxTokens),
    CLAUDE_CODE_DISABLE_THINKING: '1',
    MAX_THINKING_TOKENS: '0',
  };
}

const SECRET_NAME = /KEY|TOKEN|SECRET|PASS|AUTH|CREDENTIAL|HEADER|PROXY/i;

/** The values that no output may contain: credentials, and proxy URLs, which may contain one. */
export function secretsOf(environment: Environment): string[] {
  return Object.entries(environment).flatMap(([name, value]) => (SECRET_NAME.test(name) ? [value] : []));
}

/**
 * The prompt as the CLI reads it. The CLI executes a prompt that begins with a slash as a command of its own (`/cost`);
 * after a line break it is text for the model.
 */
export function promptInput(prompt: string): string {
  return prompt.startsWith('/') ? `\n${prompt}` : prompt;
}
