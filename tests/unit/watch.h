/* Linked with -Wl,--wrap=free, every free that a program and the archives under test make comes by
 * here first: does the block still hold a token of the tests? */
#pragma once

/* Fails the test, naming the step, if one did since the start. */
void watch_expect_none(const char *step);

/* A test that the watch itself sees what it is there for. */
void watch_sees(void **state);
