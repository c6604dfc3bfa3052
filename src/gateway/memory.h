/* What the gateway does not need goes back to the system. */
#pragma once

/* Of the program and its libraries, the pages that are as in their files: most were needed by
 * nothing but loading. Those that are used again come back from the page cache, one by one. And
 * what is free of the heap. */
void memory_give_back(void);
