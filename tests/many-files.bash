# bats files side by side, as one stream of TAP; for scripts.
#
#   JOBS=N         so many at a time (default: one more than there are processors, as many tests only wait)
#   FILTER=REGEX   only tests with such a name

# One stream out of many: the numbers go on from file to file, the plan comes last.
renumber() {
    awk -v first="$1" '
        /^1\.\.[0-9]+/ { next }
        /^ok / { number++; sub(/^ok [0-9]+/, "ok " first + number) }
        /^not ok / { number++; sub(/^not ok [0-9]+/, "not ok " first + number) }
        { print; fflush() }' "$2"
}

# run_files FILE...: 1 if a test failed.
run_files() {
    local logs jobs others index done_tests=0 failed=0
    local -a files=("$@") pids=()
    jobs=${JOBS:-$(($(nproc) + 1))}
    logs=$(mktemp -d)
    # A copy, so that a build in the meantime does not change what is tested.
    cp "$TCR_RUN" "$logs/tcr-run"
    cp "$(dirname "$TCR_RUN")/tcr-gateway" "$logs" 2> /dev/null || true
    export TCR_RUN=$logs/tcr-run
    others=$(jobs -rp | wc -l)
    for index in "${!files[@]}"; do
        while [ "$(jobs -rp | wc -l)" -ge $((jobs + others)) ]; do
            wait -n || true
        done
        bats --tap ${FILTER:+--filter "$FILTER"} "${files[index]}" < /dev/null > "$logs/$index" 2>&1 &
        pids[index]=$!
    done
    for index in "${!files[@]}"; do
        wait "${pids[index]}" || failed=1
        renumber "$done_tests" "$logs/$index"
        done_tests=$((done_tests + $(grep -cE '^(not )?ok ' "$logs/$index" || true)))
    done
    echo "1..$done_tests"
    rm -rf "$logs"
    return "$failed"
}
