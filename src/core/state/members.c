#include "core/state/members.h"

int members_place(const char *const *names, const struct part *name)
{
    for (int i = 0; names[i]; i++)
        if (part_is(name, names[i]))
            return i;
    return -1;
}

struct scan members_scan(const char *text, size_t length)
{
    return text ? (struct scan){text, text + length} : (struct scan){"", ""};
}

bool members_read(struct scan *scan, const char *const *names, struct members *ret_members)
{
    struct part name, value;
    size_t count = 0;
    enum scan_step step;
    *ret_members = (struct members){0};
    if (!scan_enter(scan, '{'))
        return scan_value(scan, &value);
    while ((step = scan_member(scan, &count, &name)) == SCAN_NEXT) {
        if (!scan_value(scan, &value))
            return false;
        int place = members_place(names, &name);
        if (place >= 0 && !ret_members->values[place].text)
            ret_members->values[place] = value;
    }
    return step == SCAN_END;
}

void members_take(const struct part *object, const char *const *names, struct members *ret_members)
{
    struct scan scan = members_scan(object->text, object->length);
    *ret_members = (struct members){0};
    if (object->text)
        (void)members_read(&scan, names, ret_members);
}

int64_t members_number(const struct part *part)
{
    int64_t number = 0;
    if (part->text)
        (void)part_integer(part, &number);
    return number < 0 ? 0 : number;
}

void members_text(const struct part *part, char *ret_text, size_t size)
{
    if (part->text)
        part_text(part, ret_text, size);
}

int members_items(const struct part *array, int (*take)(void *context, const struct part *item),
                  void *context)
{
    struct scan scan = members_scan(array->text, array->length);
    struct part item;
    size_t count = 0;
    int r = 0;
    if (!scan_enter(&scan, '['))
        return 0;
    while (r == 0 && scan_item(&scan, &count) == SCAN_NEXT && scan_value(&scan, &item))
        r = take(context, &item);
    return r;
}
