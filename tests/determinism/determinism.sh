#!/usr/bin/env bash
# Runs the same seeds in different environments and with every build there is, and compares the
# trace hash of each seed. A difference means that something outside scenario and seed got in.
# Usage: determinism.sh BROKERSIM BUILD_FOLDER
# Builds that were not made are skipped; the environments of the first one are always compared.
set -euo pipefail

brokersim=$(realpath -- "$1")
build_folder=$(realpath -- "$2")
library=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/../../scenarios/library")
seeds=${BROKERSIM_DETERMINISM_SEEDS:-20}
enumerated=("$library/enumerate/small-log-cut-and-rolled.json"
    "$library/enumerate/small-log-behind-a-base.json")
scenarios=("$library/swarm/quick-swarm.json" "$library/swarm/nightly-swarm.json"
    "$library/bench/standard.json")
scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT

line='"type":"seed","scenario":"([^"]*)".*"seed":"([^"]*)","verdict":"([^"]*)"'
line+='.*"trace_hash":"([^"]*)","events":([0-9]+)'

# An enumeration counts as one run: its hash is over all images in their order.
states='"type":"enumerate","scenario":"([^"]*)","seed":"([^"]*)".*("visited":[0-9]+,"nested":[0-9]+'
states+=',"distinct":[0-9]+).*"hash":"([^"]*)"'

# hashes NAME [WORD...]: writes "scenario seed hash events verdict" of every run to NAME; the words
# are the executable, with what is to be put before it.
hashes() {
    local name=$1 scenario
    shift
    for scenario in "${scenarios[@]}"; do
        # A finding is no matter here (exit 1, 6): only that it is always the same.
        "$@" run "$scenario" --seed 1 --seeds "$seeds" --json 2>"$scratch/stderr" || true
    done | sed -nE "s/.*$line.*/\\1 \\2 \\4 \\5 \\3/p" \
        >"$scratch/$name"
    for scenario in "${enumerated[@]}"; do
        "$@" enumerate "$scenario" --seed 1 --json 2>"$scratch/stderr" || true
    done | sed -nE "s/.*$states.*/\\1 \\2 \\4 \\3/p" >>"$scratch/$name"
}

failed=0
compared=0
compare() {
    local name=$1
    compared=$((compared + 1))
    if diff "$scratch/first" "$scratch/$name" >"$scratch/difference"; then
        printf 'same    %s\n' "$name"
    else
        printf 'DIFFERS %s (scenario seed hash events verdict; first run <, this one >)\n' "$name"
        head -n 20 "$scratch/difference"
        failed=1
    fi
}

hashes first "$brokersim"
runs=$(wc -l <"$scratch/first")
expected=$((${#scenarios[@]} * seeds + ${#enumerated[@]}))
if [ "$runs" -ne "$expected" ]; then
    printf 'expected %d runs, got %d\n' "$expected" "$runs"
    cat "$scratch/stderr"
    exit 1
fi

hashes again "$brokersim"
compare again

hashes environment env -i LANG=tr_TR.UTF-8 LC_ALL=tr_TR.UTF-8 TZ=Asia/Kathmandu HOME=/nowhere \
    MALLOC_PERTURB_=165 "$brokersim"
compare environment

mkdir -p "$scratch/another folder"
(cd "$scratch/another folder" && hashes folder "$brokersim")
compare folder

# The address layout: random in the runs before, fixed in this one.
if setarch -R true 2>/dev/null; then
    hashes layout setarch -R "$brokersim"
    compare layout
else
    printf 'skipped layout: setarch -R is not allowed here\n'
fi

for preset in release clang debug dev; do
    other=$build_folder/$preset/sim/brokersim
    if [ ! -x "$other" ]; then
        printf 'skipped preset %s: not built\n' "$preset"
    elif [ "$(realpath -- "$other")" != "$brokersim" ]; then
        hashes "preset_$preset" "$other"
        compare "preset_$preset"
    fi
done

printf '%d runs each, %d comparisons\n' "$runs" "$compared"
exit "$failed"
