/* What the terms of a text are called. */
#ifndef STANCE_SPELL_H
#define STANCE_SPELL_H

#include "terms.h"

/* Texts of terms, in code points; a spelling is a place in them (upper half) and a length. */
typedef struct {
    uint32_t *text;
    size_t n, size;
    int is_out_of_memory;
} Spelled;

/* Replace the keys that make_keys made by the spellings of the same occurrences, in the same order.
   Needs a sentence of its own (begin_sentence). */
Status spell_terms(const Tables *t, Work *w, Spelled *spelled);

#endif
