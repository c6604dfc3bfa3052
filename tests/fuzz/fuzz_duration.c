#include "fuzz.h"

#include "base/duration.h"

#include <stdlib.h>
#include <string.h>

static void check_format(int64_t seconds)
{
    char text[DURATION_TEXT], *space;
    int64_t again = -1;
    duration_format(seconds, text);
    EXPECT(memchr(text, '\0', sizeof text) != NULL);
    if ((space = strchr(text, ' ')))
        memmove(space, space + 1, strlen(space));
    /* What is left out is less than the smallest unit that is shown. */
    EXPECT(duration_parse(text, &again) == 0);
    EXPECT(again <= seconds && again * 2 >= seconds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    char *text = input_text(&input);
    int64_t seconds = -1;
    int r = duration_parse(text, &seconds);
    if (r < 0) {
        EXPECT(seconds == -1);
    } else {
        EXPECT(seconds >= 0 && seconds <= DURATION_MAX);
        check_format(seconds);
    }
    free(text);
    return 0;
}
