#!/usr/bin/env bash
# Compiles SOURCE with and without its offending lines: without them it must compile, with them it
# must not, and the compiler's words must hold the text of the file's `// expect:` line.
# Usage: compile_fail.sh SOURCE COMPILER [FLAGS...]
set -euo pipefail
export LC_ALL=C

source=$1
shift
expected=$(sed -n 's|^// expect: ||p' "$source")
if [ -z "$expected" ]; then
    echo "$source: no expect line"
    exit 1
fi
if ! "$@" -fsyntax-only "$source"; then
    echo "$source: does not compile even without the offending lines"
    exit 1
fi
if words=$("$@" -fsyntax-only -DOFFENDING "$source" 2>&1); then
    echo "$source: compiles with the offending lines"
    exit 1
fi
if ! grep -qF -- "$expected" <<<"$words"; then
    printf '%s\n%s: fails, but not with "%s"\n' "$words" "$source" "$expected"
    exit 1
fi
