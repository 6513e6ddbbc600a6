import type { CompletionRequest, ToolDefinition } from 'nestjs-worker-pool';

/** Types of tools that the provider runs in an environment that keeps changes, or with effects elsewhere. */
const STATEFUL_TOOL = /^(code_execution_|mcp_toolset)/;

/**
 * Whether the answer to a request depends on state that the provider keeps, or has effects beyond the answer. Such a
 * request must reach the provider each time:
 * - `container`: files and processes of a container
 * - `thread`: a conversation that the provider continues
 * - `mcp_servers`, and tools of type `mcp_toolset`: calls of other servers
 * - tools of type `code_execution_…`: a program may change its container
 */
export function dependsOnState({
  container,
  thread,
  mcp_servers: servers,
  tools,
}: CompletionRequest): boolean {
  if (isGiven(container) || isGiven(thread)) return true;
  return (Array.isArray(servers) && servers.length > 0) || (Array.isArray(tools) && tools.some(isStateful));
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function isStateful({ type }: ToolDefinition): boolean {
  return typeof type === 'string' && STATEFUL_TOOL.test(type);
}
