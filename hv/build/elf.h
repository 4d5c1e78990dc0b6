/* SPDX-License-Identifier: MIT */
/*
 * A guest kernel's image: ELF64 (System V ABI, AMD64 supplement), with the notes of xen/elfnote.h.
 *
 * Everything is checked against the file's size before it is used: an image is input.
 */
#ifndef BUILD_ELF_H
#define BUILD_ELF_H

#include "hv/core/types.h"

#define ELF_SEGMENTS_MAX 16
#define NOTE_NONE UINT64_MAX

struct elf_segment {
    uint64_t address;  /* virtual, by `physical` and the notes */
    uint64_t physical; /* as the file says */
    uint64_t offset, file_size, memory_size;
};

struct elf_image {
    const uint8_t *bytes;
    uint64_t size;
    uint64_t entry;
    struct elf_segment segments[ELF_SEGMENTS_MAX];
    unsigned n_segments;
    /* Notes; NOTE_NONE: there is none. */
    uint64_t note_entry, note_hypercall_page, note_virt_base, note_paddr_offset, note_init_p2m;
    bool note_mod_start_pfn;
    char guest_os[32];
};

/* NULL, or what is wrong with it, with what was expected and found; `error` is room for that. */
const char *elf_read(struct elf_image *e, const void *bytes, uint64_t size, char *error,
                     size_t error_size);

#endif
