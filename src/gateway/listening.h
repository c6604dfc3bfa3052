/* The sockets that tcr-run handed over: what each of them takes, and what is said of them. */
#pragma once

#include "gateway/admission.h"
#include "gateway/arguments.h"

struct gateway;

/* Serves them all; the admissions are filled, one for each. What other machines reach is served for
 * users alone, by TLS or behind a proxy that speaks it. Returns 0, or a negative errno after saying
 * why. */
int listening_begin(struct gateway *gateway, const struct arguments *arguments,
                    struct admission *admissions);
