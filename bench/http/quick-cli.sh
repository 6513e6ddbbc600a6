#!/bin/sh
# Stands in for the Claude CLI: takes its prompt, and answers at once.
cat >/dev/null
printf '%s\n' '{"type":"result","subtype":"success","is_error":false,"result":"An answer that is kept.","num_turns":1,"modelUsage":{"claude-haiku-5-5":{"inputTokens":3,"outputTokens":7,"costUSD":0.01}},"stop_reason":"end_turn","total_cost_usd":0.01,"usage":{"input_tokens":3,"output_tokens":7}}'
