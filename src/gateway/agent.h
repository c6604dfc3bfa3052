/* Claude Code as a service: a request below /sdk runs `tcr-run -- claude -p` in a folder that the
 * key file names, and is answered with what that says. One process for each request; its input and
 * output are pipes that the loop watches. */
#pragma once

#include "gateway/exchange.h"

struct agent;

/* Starts one for a request whose body is whole: WORKING, or a refusal. */
enum exchange_state agent_begin(struct exchange *exchange);

/* WORKING goes on: what came is answered. */
enum exchange_state agent_step(struct exchange *exchange);

/* Nobody waits for it any more, or it has said all: its process group is ended. Takes an exchange
 * without one. */
void agent_leave(struct exchange *exchange);

/* A child has ended. */
void agents_reap(struct gateway *gateway);

/* Ends all, at the gateway's own end. */
void agents_stop(struct gateway *gateway);
