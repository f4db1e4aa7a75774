/* From a text to items: what labels/matching.py and read_items of labels/terms.py define. */
#ifndef STANCE_READING_H
#define STANCE_READING_H

#include "tables.h"

typedef struct {
    uint32_t start, end;  /* half-open, in code points */
    const uint32_t *form; /* in lower case, or what stands for it */
    uint32_t n_form;
    uint32_t first_word, n_words; /* the lexicon words it can be: whole, then beginnings, longest first */
    uint64_t stem_hash;
    uint8_t starts; /* what these words can begin */
    size_t first_pair, n_pairs; /* those with the words of the next token */
} Token;

/* Two words with which phrases begin. */
typedef struct {
    uint64_t key;
    uint32_t first;  /* which of the first token's words */
    uint32_t second; /* a lexicon word */
    uint32_t number;
} Pair;

typedef struct {
    uint32_t start, end;
    const uint32_t *stem; /* for a name its marker */
    uint32_t n_stem;
    uint64_t stem_hash;
    uint32_t value; /* its names, or its concept classes; NONE */
    uint8_t is_name, is_han;
    double place; /* in words */
} Item;

typedef struct {
    uint32_t token, matcher, n, value;
} Found;

typedef struct {
    uint32_t row, count;
} Counted;

/* Memory that one sentence needs, kept for the next. */
typedef struct {
    uint32_t *characters, *lower;
    uint16_t *classes;
    size_t size_text; /* of these three, and of tokens, items, rest and concepts */
    uint32_t n_text;
    Token *tokens;
    Item *items;
    uint32_t *rest, *concepts; /* tokens that are no names; per token the value of its classes */
    uint32_t n_tokens, n_items, n_rest;
    uint32_t *words;
    size_t n_words, size_words;
    Pair *pairs;
    size_t n_pairs, size_pairs;
    Found *found;
    size_t n_found, size_found;
    uint64_t *keys;
    size_t n_keys, size_keys;
    size_t family_keys[MAX_FAMILIES + 1]; /* where the keys of each family begin */
    size_t n_single_words;                /* the first keys of the family `word` */
    uint32_t *seen; /* per sign: the last sentence that held it */
    uint32_t sentence;
    Counted *counted;
    size_t n_counted, size_counted;
    uint32_t *slots; /* hash table from row to counted */
    size_t size_slots;
    uint32_t n_letters, n_marks;
    uint16_t any_class; /* all classes that occur */
} Work;

typedef enum { READ, NEEDS_PYTHON, NO_MEMORY } Status;

/* Decode UTF-8 and classify; is_composed: the text is in Unicode form NFC. */
Status read_text(const Tables *t, Work *w, const char *utf8, size_t n_bytes, int is_composed);
/* Cut the text that was read into tokens and these into items. */
Status read_items(const Tables *t, Work *w);
/* The form of one chunk of its own, as chunk_tokens gives it: no sentence around it counts. */
const uint32_t *chunk_form(const Work *w, uint32_t start, uint32_t end, uint32_t *n_form);

void work_free(Work *w);
/* Make room for n elements of the size given; 0 if there is no memory. */
int grow(void **array, size_t *size, size_t n, size_t element);

#endif
