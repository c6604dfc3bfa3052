/* The fields about models in a key file: tcr-keys(5). */
#pragma once

#include "core/pool/fields.h"

/* "model_fallback" of the file, "models", "headers" and "api" of a key. */
void modelfields_read_fallback(struct reader *reader, const char *place, const cJSON *item,
                               void *target);
void modelfields_read_models(struct reader *reader, const char *place, const cJSON *item,
                             void *target);
void modelfields_read_headers(struct reader *reader, const char *place, const cJSON *item,
                              void *target);
void modelfields_read_api(struct reader *reader, const char *place, const cJSON *item,
                          void *target);
