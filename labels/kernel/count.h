/* The terms of many texts, numbered as they are met: what labels/occurrences.py needs. */
#ifndef STANCE_COUNT_H
#define STANCE_COUNT_H

#include "hash.h"
#include "spell.h"

/* All zero: no terms yet. */
typedef struct {
    Slot *slots; /* a hash table from key to number, at most half full */
    size_t n_slots;
    uint32_t n_terms;
    uint32_t *text; /* what the terms are called, one after the other, in code points */
    size_t n_text, size_text;
    uint64_t *ends; /* per term where it ends in text */
    size_t size_ends;
    uint8_t *families; /* per term */
    size_t size_families;
    uint32_t *numbers; /* of the terms of all occurrences, text after text */
    size_t n_numbers, size_numbers;
    Spelled spelled;
} Terms;

/* Add the occurrences in one text, family by family. After NO_MEMORY only terms_free may follow. */
Status count_text(const Tables *t, Work *w, Terms *terms, const char *utf8, size_t n_bytes,
                  int is_composed);

void terms_free(Terms *terms);

#endif
