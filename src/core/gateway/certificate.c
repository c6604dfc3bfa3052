#include "core/gateway/certificate.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#define LARGEST 65536 /* of one certificate */

/* A piece of DER (X.690). */
struct der {
    const unsigned char *at, *end;
};

enum { DER_INTEGER = 0x02, DER_UTC_TIME = 0x17, DER_TIME = 0x18, DER_SEQUENCE = 0x30 };
#define DER_VERSION 0xa0

/* Takes the next element off; false if there is no whole one. */
static bool next(struct der *der, int *ret_tag, struct der *ret_content)
{
    size_t left = (size_t)(der->end - der->at), length, head = 2;
    if (left < head)
        return false;
    length = der->at[1];
    if (length >= 0x80) {
        size_t bytes = length & 0x7f;
        if (bytes < 1 || bytes > 3 || left < head + bytes)
            return false;
        for (length = 0; head < 2 + bytes; head++)
            length = length << 8 | der->at[head];
    }
    if (length > left - head)
        return false;
    *ret_tag = der->at[0];
    *ret_content = (struct der){der->at + head, der->at + head + length};
    der->at = ret_content->end;
    return true;
}

static bool take(struct der *der, int wanted, struct der *ret_content)
{
    int tag;
    return next(der, &tag, ret_content) && tag == wanted;
}

static int two_digits(const unsigned char *at)
{
    return at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9'
               ? -1
               : (at[0] - '0') * 10 + at[1] - '0';
}

/* "YYMMDDHHMMSSZ", or with four digits of the year; RFC 5280, 4.1.2.5. */
static int read_time(int tag, const struct der *text, int64_t *ret_time)
{
    size_t years = tag == DER_TIME ? 2 : 1;
    int pairs[7] = {0};
    if ((tag != DER_TIME && tag != DER_UTC_TIME) ||
        (size_t)(text->end - text->at) != 2 * (years + 5) + 1 || text->end[-1] != 'Z')
        return -EINVAL;
    for (size_t i = 0; i < years + 5; i++)
        if ((pairs[i] = two_digits(text->at + 2 * i)) < 0)
            return -EINVAL;
    const int *rest = pairs + years;
    int year = years == 2 ? pairs[0] * 100 + pairs[1] : pairs[0] + (pairs[0] < 50 ? 2000 : 1900);
    struct tm civil = {.tm_year = year - 1900,
                       .tm_mon = rest[0] - 1,
                       .tm_mday = rest[1],
                       .tm_hour = rest[2],
                       .tm_min = rest[3],
                       .tm_sec = rest[4]};
    *ret_time = timegm(&civil);
    return 0;
}

/* Certificate → TBSCertificate: version (if it is not the first), serial number, algorithm, issuer,
 * validity. */
static int read_end(struct der der, int64_t *ret_end)
{
    struct der certificate, body, part, validity;
    int tag;
    if (!take(&der, DER_SEQUENCE, &certificate) || !take(&certificate, DER_SEQUENCE, &body) ||
        !next(&body, &tag, &part) || (tag == DER_VERSION && !next(&body, &tag, &part)) ||
        tag != DER_INTEGER || !take(&body, DER_SEQUENCE, &part) ||
        !take(&body, DER_SEQUENCE, &part) || !take(&body, DER_SEQUENCE, &validity) ||
        !next(&validity, &tag, &part) || !next(&validity, &tag, &part))
        return -EINVAL;
    return read_time(tag, &part, ret_end);
}

int certificate_end(const char *text, size_t length, int64_t *ret_end)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----", end[] = "-----END";
    unsigned char bytes[LARGEST];
    const char *from = memmem(text, length, begin, sizeof begin - 1);
    if (!from)
        return -EINVAL;
    from += sizeof begin - 1;
    const char *to = memmem(from, length - (size_t)(from - text), end, sizeof end - 1);
    size_t size;
    if (!to || sodium_base642bin(bytes, sizeof bytes, from, (size_t)(to - from), " \t\r\n", &size,
                                 NULL, sodium_base64_VARIANT_ORIGINAL) < 0)
        return -EINVAL;
    return read_end((struct der){bytes, bytes + size}, ret_end);
}
