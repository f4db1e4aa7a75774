/* Which language a text is in: what labels/identifier.py defines. */
#ifndef STANCE_LANGUAGE_H
#define STANCE_LANGUAGE_H

#include "score.h"

enum { UNDETERMINED = -1, ONLY_PYTHON = -2 };

/* The number of the language of each of n texts: UNDETERMINED, or ONLY_PYTHON for a text that must
   be composed or lower-cased first. */
Status identify(const Tables *t, Work *w, const char *const *utf8, const size_t *n_bytes, size_t n,
                int32_t *languages);

#endif
