#include "base/money.h"

bool money_parse(const char *text, size_t length, int64_t *ret_money)
{
    int64_t whole = 0, part = 0, unit = MONEY_DOLLAR;
    size_t i = 0, digits = 0;
    for (; i < length && text[i] >= '0' && text[i] <= '9' && digits < 10; i++, digits++)
        whole = whole * 10 + (text[i] - '0');
    if (i < length && text[i] == '.') {
        for (i++; i < length && text[i] >= '0' && text[i] <= '9' && unit > 1; i++, digits++)
            part += (text[i] - '0') * (unit /= 10);
        if (text[i - 1] == '.')
            return false;
    }
    if (i != length || digits == 0 || whole > 1000000000)
        return false;
    *ret_money = whole * MONEY_DOLLAR + part;
    return true;
}

void money_append(struct buffer *text, int64_t money)
{
    double dollars = (double)money / (double)MONEY_DOLLAR;
    bool tiny = money > 0 && money < MONEY_DOLLAR / 100;
    buffer_append_format(text, "$%.*f", !tiny ? 2 : money < 1000 ? 9 : 6, dollars);
    if (tiny)
        while (text->length > 2 && text->data[text->length - 1] == '0')
            text->data[--text->length] = '\0';
}

void money_append_number(struct buffer *text, int64_t money)
{
    buffer_append_format(text, "%lld.%09lld", (long long)(money / MONEY_DOLLAR),
                         (long long)(money % MONEY_DOLLAR));
    while (text->length > 0 && !text->failed && text->data[text->length - 1] == '0')
        text->data[--text->length] = '\0';
    if (text->length > 0 && !text->failed && text->data[text->length - 1] == '.')
        text->data[--text->length] = '\0';
}
