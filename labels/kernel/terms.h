/* From items to the terms of each family: what read_terms of labels/terms.py defines. spell.c
   compiles the same code a second time, to tell what a term is called. */
#ifndef STANCE_TERMS_H
#define STANCE_TERMS_H

#include "reading.h"

/* Make the keys of all occurrences of terms of the families in use, family by family. */
Status make_keys(const Tables *t, Work *w);

/* The key of one term of a family by its text. */
uint64_t term_key(uint32_t family, const uint32_t *text, uint32_t n);

/* Whom the sentence names: bit n for name n. */
uint64_t names_present(const Tables *t, const Work *w);

#endif
