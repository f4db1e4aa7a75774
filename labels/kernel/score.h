/* From the keys of a sentence to its scores: what service/scorer.py defines. */
#ifndef STANCE_SCORE_H
#define STANCE_SCORE_H

#include "terms.h"

/* Why a sentence gets no label whatever its scores; numbers in labels.world.REASONS. */
enum {
    INSIDE,
    TOO_SHORT,
    TOO_LONG,
    NOT_PROSE,
    UNKNOWN_WORDS,
    NOBODY_NAMED,
    LANGUAGE_UNSUPPORTED
};

typedef struct {
    double known;
    uint64_t named;
    uint8_t outside;
} Answer;

/* Score one sentence; scores receives a probability per label. */
Status score_text(const Tables *t, Work *w, const char *utf8, size_t n_bytes, int is_composed,
                  double *scores, Answer *answer);

/* Read one text and make the keys of its terms. */
Status read_keys(const Tables *t, Work *w, const char *utf8, size_t n_bytes, int is_composed);

/* Forget which signs were seen, as the makers of terms need it; 0 if there is no memory. */
int begin_sentence(const Tables *t, Work *w);

/* Count how often each of keys[start:end] occurs, in order of its first occurrence; NONE does not
   count. */
Status count_rows(Work *w, size_t start, size_t end);

#endif
