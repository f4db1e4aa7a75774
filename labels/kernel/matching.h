/* Which tokens are names, and which belong to concept classes: what Matcher of labels/matching.py
   defines. To be called in this order. */
#ifndef STANCE_MATCHING_H
#define STANCE_MATCHING_H

#include "reading.h"

/* Find the lexicon words that each token can be. */
Status find_words(const Tables *t, Work *w);
/* Find the pairs of words of neighbours that begin a phrase. */
Status find_pairs(const Tables *t, Work *w);
/* Find the names; `rest` receives the tokens that belong to none. */
Status find_names(const Tables *t, Work *w);
/* Find the concept classes of the language whose entries cover most of the sentence. */
Status find_concepts(const Tables *t, Work *w);

#endif
