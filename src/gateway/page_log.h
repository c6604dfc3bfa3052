/* The log of events, for the page. */
#pragma once

struct exchange;

/* Sets the answer to GET /page/log?limit=N&before=ID. */
void page_log_ask(struct exchange *exchange);
