/** What the command line depends on. It never holds anything that a user wrote but the model's name. */
export interface ClaudeCliArguments {
  model?: string;
  /** Path of the file with the system prompt. */
  systemPromptFile?: string;
}

// A completion and nothing else: the CLI is an agent, so what makes it one is turned off.
const FIXED = [
  ['--print'],
  ['--output-format', 'json'],
  ['--tools', ''],
  ['--permission-mode', 'dontAsk'],
  ['--strict-mcp-config'],
  ['--setting-sources', ''],
  ['--disable-slash-commands'],
  ['--no-session-persistence'],
].flat();

/** The command line of one run. */
export function claudeArguments({ model, systemPromptFile }: ClaudeCliArguments): string[] {
  return [
    ...FIXED,
    ...(model === undefined ? [] : ['--model', model]),
    ...(systemPromptFile === undefined ? [] : ['--system-prompt-file', systemPromptFile]),
  ];
}
