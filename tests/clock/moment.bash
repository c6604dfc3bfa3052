# The clock that a test sees, with bats and its shell left alone. Where tests/clock/run set TEST_MOMENT (seconds since 1970)
# and TEST_ZONE, each test begins at that moment: every program it starts, tcr-run's command and a server too, has a clock
# that is ahead of the machine's by as much.
if [ -n "${TEST_MOMENT-}" ]; then
  CLOCK_VARIABLES=(LD_PRELOAD FAKETIME FAKETIME_DONT_FAKE_MONOTONIC FAKETIME_DISABLE_SHM)
else
  CLOCK_VARIABLES=()
fi
CLOCK_ZONE=${TEST_ZONE:-UTC}

begin_clock() {
  [ -n "${TEST_MOMENT-}" ] || return 0
  local ahead=$((TEST_MOMENT - $(env -u LD_PRELOAD date +%s)))
  printf -v FAKETIME '%+d' "$ahead"
  export FAKETIME FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_DISABLE_SHM=1 LD_PRELOAD=$TEST_CLOCK_LIBRARY
}
