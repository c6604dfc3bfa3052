#include "core/gateway/certificate.h"

#include "support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Made by openssl: until 2028-11-25 12:19, with two digits of the year; until 2081-08-29. */
static const char near[] = "-----BEGIN CERTIFICATE-----\n"
                           "MIIBfjCCASOgAwIBAgIUXKxaKzl2c4Dk56RVGj/+B7dNHkswCgYIKoZIzj0EAwIw\n"
                           "FDESMBAGA1UEAwwJbG9jYWxob3N0MB4XDTI2MTEyNjEyMTkwMFoXDTI4MTEyNTEy\n"
                           "MTkwMFowFDESMBAGA1UEAwwJbG9jYWxob3N0MFkwEwYHKoZIzj0CAQYIKoZIzj0D\n"
                           "AQcDQgAETt1IsG+1IAi6sLU+qdlROC6Tw3WwLYa9jysVWy4MxVRhcwltAQEGCfqw\n"
                           "VoaRXOFdvPwV/i4LdSFMsPnoe8b8+qNTMFEwHQYDVR0OBBYEFMEOpCcgsH2oIpSw\n"
                           "GK/K9aBjZNhvMB8GA1UdIwQYMBaAFMEOpCcgsH2oIpSwGK/K9aBjZNhvMA8GA1Ud\n"
                           "EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAPPe6VYMmWtrXHbwwWTv24zW\n"
                           "8xFHvIlxTlNwVqUhE0gJAiEAh4IyXs2Zwzfh16zUmSXfstqMuGeAk6VPSmf95IpF\n"
                           "9Eg=\n"
                           "-----END CERTIFICATE-----\n";
static const char far[] = "-----BEGIN CERTIFICATE-----\n"
                          "MIIBbjCCARWgAwIBAgIUYHuK8/AH96S8B+KW6qM1pfz5C4cwCgYIKoZIzj0EAwIw\n"
                          "DDEKMAgGA1UEAwwBbDAgFw0yNjExMjYxMjE5MDBaGA8yMDgxMDgyOTEyMTkwMFow\n"
                          "DDEKMAgGA1UEAwwBbDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABPv0l3h4etIN\n"
                          "UEd4w8DWtYbIOG04oCEcrREvLKbZaMw/Cw7ZQ/mL5hOwNa4zUVon19KVzRl4MTc7\n"
                          "fD4jS0ue8J2jUzBRMB0GA1UdDgQWBBS5XNmYZl0H7lEEGH4JlNlQNMgRZDAfBgNV\n"
                          "HSMEGDAWgBS5XNmYZl0H7lEEGH4JlNlQNMgRZDAPBgNVHRMBAf8EBTADAQH/MAoG\n"
                          "CCqGSM49BAMCA0cAMEQCIAdEE5K0vDzJ3nCrIHJxbiShZBZRA9gp3EZf0xd3kUhL\n"
                          "AiAQbE/897X7e9Xqic4yIT1PrDFkyQ7+wUUuNiR6VRntOg==\n"
                          "-----END CERTIFICATE-----\n";
#define NEAR_END INT64_C(1858767540)
#define FAR_END  INT64_C(3523695540)

static void test_the_first_one_counts(void **state)
{
    (void)state;
    char chain[4096];
    int64_t end = 0;
    assert_int_equal(certificate_end(near, strlen(near), &end), 0);
    assert_int_equal(end, NEAR_END);
    assert_int_equal(certificate_end(far, strlen(far), &end), 0);
    assert_int_equal(end, FAR_END);
    snprintf(chain, sizeof chain, "subject=CN = localhost\n\n%s%s", near, far);
    assert_int_equal(certificate_end(chain, strlen(chain), &end), 0);
    assert_int_equal(end, NEAR_END);
}

/* Whatever is cut off or changed, nothing worse happens than no answer. */
static void test_what_is_none(void **state)
{
    (void)state;
    int64_t end = 7;
    for (size_t length = 0; length < strlen(near) - 30; length++)
        if (certificate_end(near, length, &end) != -EINVAL || end != 7)
            fail_msg("cut to %zu bytes: %lld", length, (long long)end);
    for (size_t i = 0; i < strlen(near); i++) {
        char changed[sizeof near];
        memcpy(changed, near, sizeof near);
        changed[i] ^= 5;
        (void)certificate_end(changed, strlen(changed), &end);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_one_counts),
        cmocka_unit_test(test_what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
