# tcr-run status --prometheus: for node_exporter's textfile collector.
load helpers

# metric NAME [jq condition on .labels]: its values.
metric() {
  jq -r --arg name "$1" "select(.name == \$name and (.labels | ${2-true})) | .value" "$scratch/samples" | paste -sd ' '
}

scrape() {
  tcr status --prometheus
  assert_status 0
  assert_no_stderr
  "$PYTHON" "$HERE/status-metrics.py" < "$out" > "$scratch/samples"
  ! command -v promtool > /dev/null || promtool check metrics < "$out"
}

@test "a pool that was never used" {
  pool home api:ci
  scrape
  assert_equal "$(metric tcr_key_ready)" '1 1'
  assert_equal "$(metric tcr_key_info '.key == "ci" and .kind == "api" and .organization == "" and .master == "false"')" 1
  assert_equal "$(metric tcr_key_runs_total)" '0 0'
  assert_equal "$(metric tcr_key_rest_until_timestamp_seconds)" '0 0'
  assert_equal "$(metric tcr_keys_ready)" 2
  assert_equal "$(metric tcr_master_uses)" ''
  assert_equal "$(metric tcr_key_resting | tr -d ' 0')" ''
}

@test "each number is that of the state" {
  echo "{\"keys\": [$(entry home '"organization": "acme"'), $(entry off '"disabled": true'), $(entry work '"expires": 1900000000')], \"master\": $(entry api:billing '"at_most": "5/hour"')}" | keyfile
  fails home auth
  tcr -- client
  scrape
  assert_equal "$(metric tcr_key_ready '.key == "home"')" 0
  assert_equal "$(metric tcr_key_ready '.key == "work"')" 1
  assert_equal "$(metric tcr_key_resting '.key == "home" and .class == "auth"')" 1
  assert_equal "$(metric tcr_key_resting '.key == "home"' | wc -w)" 7
  assert_equal "$(metric tcr_key_resting | tr ' ' '\n' | grep -c 1)" 1
  assert_equal "$(metric tcr_key_rest_until_timestamp_seconds '.key == "home"')" "$(record home '.cooldowns[0].until')"
  assert_equal "$(metric tcr_key_last_failed_timestamp_seconds '.key == "home"')" "$(record home .last_failed)"
  assert_equal "$(metric tcr_key_last_used_timestamp_seconds '.key == "work"')" "$(record work .last_used)"
  assert_equal "$(metric tcr_key_failures_in_a_row)" '1 0 0 0'
  assert_equal "$(metric tcr_key_runs_total)" '1 0 1 0'
  assert_equal "$(metric tcr_key_disabled)" '0 1 0 0'
  assert_equal "$(metric tcr_key_end_timestamp_seconds '.key == "work"')" 1900000000
  assert_equal "$(metric tcr_key_info '.organization == "acme"')" 1
  assert_equal "$(metric tcr_key_info '.key == "billing" and .master == "true"')" 1
  assert_equal "$(metric tcr_keys_ready)" 1
  assert_equal "$(metric tcr_master_uses)" 0
  assert_equal "$(metric tcr_master_uses_allowed)" 5
}

@test "runs at this moment" {
  pool home
  plays home 'sleep 20'
  tcr_background -- client
  eventually test -s "$play/.used"
  scrape
  kill "$pid"
  assert_equal "$(metric tcr_key_runs_now)" 1
}

@test "the master's uses" {
  pool home --master api:billing
  fails home
  tcr -- client
  scrape
  assert_equal "$(metric tcr_master_uses)" 1
  assert_equal "$(metric tcr_master_uses_allowed)" ''
}

@test "names that need escapes" {
  echo "{\"keys\": [{\"name\": \"back\\\\slash größe\", \"token\": \"$(token a)\"}, {\"name\": \"b\", \"organization\": \"a\\\"b\", \"token\": \"$(token b)\"}]}" | keyfile
  scrape
  assert_equal "$(metric tcr_key_ready '.key == "back\\slash größe"')" 1
  assert_equal "$(metric tcr_key_info '.organization == "a\"b"')" 1
}

@test "the parser of this test is strict" {
  while IFS= read -r text; do
    printf "$text" > "$scratch/bad"
    ! "$PYTHON" "$HERE/status-metrics.py" < "$scratch/bad" > /dev/null 2>&1 || fail "accepted: $text"
  done <<'END'
# HELP a x\n# TYPE a gauge\na 1
# HELP a x\n# TYPE a gauge\nb 1\n
# HELP a x\n# TYPE a gauge\n
# TYPE a gauge\na 1\n
# HELP a x\na 1\n
# HELP a x\n# TYPE a counter\na 1\n
# HELP a x\n# TYPE a gauge\na 1\na 2\n
# HELP a x\n# TYPE a gauge\na{b="c"} 1\na{b="c"} 2\n
# HELP a x\n# TYPE a gauge\na{b="c} 1\n
# HELP a x\n# TYPE a gauge\na{b="c\\x"} 1\n
# HELP a x\n# TYPE a gauge\na{b="c"}  1\n
# HELP a x\n# TYPE a gauge\na{b="c"} 1 1700000000\n
# HELP a x\n# TYPE a gauge\na{b="c",b="d"} 1\n
# HELP a x\n# TYPE a gauge\na x\n
END
}
