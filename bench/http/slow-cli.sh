#!/bin/sh
# Stands in for the Claude CLI: takes its prompt, and is slow.
cat >/dev/null
exec sleep 600
