import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Input of the command line. The model's name is the only part of it that a user chooses. */
export interface ClaudeCliArguments {
  model?: string;
  /** Path of the file with the system prompt. */
  systemPromptFile?: string;
  /** Whether the CLI writes the events of the answer as they come. */
  isStreamed: boolean;
}

// With --print, the CLI refuses stream-json without --verbose.
const STREAM_JSON = ['--output-format', 'stream-json', '--verbose', '--include-partial-messages'];
const JSON_REPORT = ['--output-format', 'json'];

// The CLI is an agent; these options reduce it to completing a text.
const FIXED = [
  ['--tools', ''],
  ['--permission-mode', 'dontAsk'],
  ['--strict-mcp-config'],
  ['--setting-sources', ''],
  ['--disable-slash-commands'],
  ['--no-session-persistence'],
].flat();

/** The command line of one run. */
export function claudeArguments({ model, systemPromptFile, isStreamed }: ClaudeCliArguments): string[] {
  return [
    '--print',
    ...(isStreamed ? STREAM_JSON : JSON_REPORT),
    ...FIXED,
    ...(model === undefined ? [] : ['--model', model]),
    ...(systemPromptFile === undefined ? [] : ['--system-prompt-file', systemPromptFile]),
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
};

/** The complete environment of one run. */
export function claudeEnvironment(sources: EnvironmentSources): Environment {
  const environment: Record<string, string> = {};
  for (const name of sources.allowList) {
    const value = sources.inherited[name];
    if (value !== undefined) {
      environment[name] = value;
    }
  }
  return { ...environment, ...ISOLATION, ...sources.extra, ...limitsOf(sources.maxTokens) };
}

function limitsOf(maxTokens?: number): Environment {
  if (maxTokens === undefined) {
    return {};
  }
  // Thinking uses the same tokens, and its smallest budget (1,024) may exceed the limit.
  return { CLAUDE_CODE_MAX_OUTPUT_TOKENS: String(maxTokens), MAX_THINKING_TOKENS: '0' };
}

const SECRET_NAME = /KEY|TOKEN|SECRET|PASS|AUTH|CREDENTIAL|HEADER|PROXY/i;

/** The values that no output may contain: credentials, and proxy URLs, which may contain one. */
export function secretsOf(environment: Environment): string[] {
  return Object.entries(environment).flatMap(([name, value]) => (SECRET_NAME.test(name) ? [value] : []));
}

/** Directory and files of one run. */
export interface Workspace {
  /** Empty working directory. */
  cwd: string;
  /** File with the system prompt, outside of `cwd`; readable only by this user. */
  systemPromptFile?: string;
}

/** Creates a workspace for the duration of `use` and always removes it. */
export async function withWorkspace<T>(
  systemPrompt: string | undefined,
  use: (workspace: Workspace) => Promise<T>,
): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), 'nestjs-worker-pool-'));
  try {
    return await use(await createWorkspace(root, systemPrompt));
  } finally {
    // A failed clean-up must not replace a paid answer.
    await rm(root, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
  }
}

async function createWorkspace(root: string, systemPrompt?: string): Promise<Workspace> {
  const cwd = join(root, 'cwd');
  await mkdir(cwd);
  if (systemPrompt === undefined) {
    return { cwd };
  }
  const systemPromptFile = join(root, 'system-prompt.txt');
  await writeFile(systemPromptFile, systemPrompt, { mode: 0o600 });
  return { cwd, systemPromptFile };
}
