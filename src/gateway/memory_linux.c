#include "gateway/memory.h"

#include <link.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Code that was changed as it was loaded is not as in its file. */
static bool has_changed_code(const struct dl_phdr_info *object)
{
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type != PT_DYNAMIC)
            continue;
        const ElfW(Dyn) *entry = (const void *)(uintptr_t)(object->dlpi_addr + part->p_vaddr);
        for (; entry->d_tag != DT_NULL; entry++)
            if (entry->d_tag == DT_TEXTREL ||
                (entry->d_tag == DT_FLAGS && entry->d_un.d_val & DF_TEXTREL))
                return true;
    }
    return false;
}

static int let_go(struct dl_phdr_info *object, size_t size, void *context)
{
    const uintptr_t page = *(const uintptr_t *)context;
    (void)size;
    if (has_changed_code(object))
        return 0;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || part->p_flags & PF_W)
            continue;
        uintptr_t begin = (uintptr_t)(object->dlpi_addr + part->p_vaddr);
        uintptr_t end = (begin + part->p_memsz + page - 1) & ~(page - 1);
        begin &= ~(page - 1);
        (void)madvise((void *)begin, end - begin, MADV_DONTNEED);
    }
    return 0;
}

void memory_give_back(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    (void)dl_iterate_phdr(let_go, &page);
#ifdef __GLIBC__
    (void)malloc_trim(0);
#endif
}
