/* A provider's answer: a status (two bytes), headers up to the first NUL, and a body. */
#include "fuzz.h"

#include "core/evidence/answer.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {data, size};
    int status = (int)(input_number(&input, 2) % 1000);
    size_t length = input.left;
    char *headers = input_text(&input);
    size_t taken = strlen(headers) + 1;
    size_t rest = taken < length ? length - taken : 0;
    char *body = fuzz_copy((const char *)data + size - rest, rest);
    const struct reading_time time = {FUZZ_NOW, &fuzz_zones};
    const struct answer answer = {
        .status = status, .headers = headers, .body = body, .body_length = rest};
    struct meaning meaning;
    answer_read(&answer, &time, &meaning);
    EXPECT(meaning.finding.class < CLASS_COUNT);
    EXPECT(*check_state_name(meaning.state));
    /* Only a failure that was understood may rest a key. */
    bool rests = meaning.state == CHECK_LIMITED || meaning.state == CHECK_REFUSED;
    EXPECT(!rests || meaning.finding.class != CLASS_NONE);
    EXPECT(meaning.state != CHECK_VALID || (status >= 200 && status <= 299));
    answer_read_request(&answer, &time, &meaning);
    EXPECT(meaning.finding.class < CLASS_COUNT);
    EXPECT(meaning.retry_after >= -1);
    EXPECT(!meaning.rests || meaning.finding.class != CLASS_NONE);
    for (const char *p = meaning.finding.line; *p; p++)
        EXPECT((unsigned char)*p >= ' ');
    free(headers);
    free(body);
    return 0;
}
