/* Which keys a request can be sent with: picker.c chooses among them, and picker_outcome.c counts
 * them. */
#pragma once

#include "gateway/picker.h"

/* Whether the request is a subscription's or an API key's, and of long context, once its roster is
 * known; and whether a key is of that sort. */
void picker_find_sort(struct exchange *exchange);
bool picker_is_of_sort(const struct exchange *exchange, const struct candidate *candidate);

/* Once no key of its own sort is left: from now on the pool's other keys count as well, as they do
 * in a run. False if they do already or may not, or if trouble at the provider is all that is
 * wrong. */
bool picker_widen(struct exchange *exchange);

/* The one key that the request is for; NULL: any. `*ret_bound`: no other key can see what the
 * request names. */
const char *picker_find_pin(const struct exchange *exchange, bool *ret_bound);

/* The object that it names, as holders know it. False if it names none. */
#define PICKER_OBJECT (SESSIONID_TEXT + 16)
bool picker_name_object(const struct exchange *exchange, char ret_id[PICKER_OBJECT]);

/* Fills in exchange->model as well, which it borrows. */
struct demand picker_demand(struct exchange *exchange);

/* It has a secret, or may have one soon, and an address. */
bool picker_is_of_use(const struct roster *roster, const struct candidate *candidate);

bool picker_was_tried(const struct exchange *exchange, const struct candidate *candidate);

/* A key to send this request with although it rests, once keys that do not were looked for; NULL:
 * none. */
struct candidate *picker_find_resting(struct exchange *exchange);

/* Keys not to choose for this request, though nothing is wrong with them: `list` has room for all.
 * With `spare_full` also those whose plan's windows are nearly used up. */
size_t picker_list_passed_over(const struct exchange *exchange, bool spare_full,
                               struct candidate **list);
