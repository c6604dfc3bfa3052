/* Another tool's file, merged into a new key file: what comes out is one that can be read, and
 * nothing that is said holds a token. */
#include "fuzz.h"

#include "core/pool/import.h"
#include "core/pool/keyedit.h"
#include "core/pool/keyfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void check_file(const cJSON *file, size_t added)
{
    struct buffer text = {0};
    struct keyring keyring;
    struct keyring_report report = {0};
    keyedit_print(file, &text);
    int r = keyfile_parse(buffer_text(&text), text.length, &keyring, &report);
    EXPECT(r == 0 || r == -EINVAL);
    EXPECT(r < 0 || added == keyring.count + keyring.has_master);
    fuzz_check_report(&report.errors);
    fuzz_check_report(&report.warnings);
    keyring_finish(&keyring);
    keyring_report_finish(&report);
    buffer_finish(&text);
}

/* Twice, so that every key is there already the second time. */
static void merge(struct import *import)
{
    struct buffer lines = {0};
    size_t added = 0, again = 0;
    cJSON *file = keyedit_new();
    EXPECT(file != NULL);
    EXPECT(import_merge(import, "from ", file, &lines, &added) == 0);
    EXPECT(added == keyedit_count(file));
    if (added > 0)
        check_file(file, added);
    EXPECT(import_merge(import, "", file, &lines, &again) == 0 && again == 0);
    fuzz_check_report(&lines);
    buffer_finish(&lines);
    json_destroy(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct import import = {0};
    char *bytes = fuzz_copy((const char *)data, size);
    int r = import_read(bytes, size, "/a/folder", FUZZ_NOW, &import);
    EXPECT(r == 0 || (r == -EINVAL && import.notes.length > 0));
    EXPECT(import_form_name(import.form) != NULL);
    if (r == 0)
        merge(&import);
    fuzz_check_report(&import.notes);
    import_finish(&import);
    free(bytes);
    return 0;
}
