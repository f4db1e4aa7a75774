/* The read-only arrays that the kernel works on. labels/kernel/tables.py builds them and says what
   each holds; tables.c checks every number that is used as an index, so that no array, however
   damaged, can make the kernel read outside of one. */
#ifndef STANCE_TABLES_H
#define STANCE_TABLES_H

#include <stddef.h>
#include <stdint.h>

#include "hash.h"

#define NONE UINT32_MAX
#define MAX_FAMILIES 8
#define MAX_MATCHERS 64
#define MAX_NAMES 64
#define MAX_LABELS 1024
#define MAX_LANGUAGES 256 /* a multiple of LINE */
#define LINE 64 /* bytes of a line of a processor's cache */

/* Classes of a character; the same numbers stand in tables.py. */
enum {
    LETTER = 1,
    DIGIT = 2,
    HAN = 4,
    SPACE = 8,
    UPPER = 16,
    LOWER = 32,
    NOT_COMPOSED = 64, /* a text that holds it may not be in Unicode form NFC */
    CONTEXTUAL = 128,  /* its small letter depends on context or is two characters */
    NUMERAL = 256,     /* str.isdigit(), superscripts among them */
    WORD = 512,        /* \w */
};

enum { ANY_CASE, INITIAL_CASE, EXACT_CASE };

enum { WORD_FAMILY, CHARACTER, NEAR, CONCEPT, PAIR, PRESENCE, ORDER, N_FAMILIES };

/* What a lexicon word can begin; the same numbers stand in tables.py. */
enum { NAME_SINGLE = 1, NAME_PHRASE = 2, CONCEPT_SINGLE = 4, CONCEPT_PHRASE = 8 };

typedef struct {
    uint32_t first_word, n_words; /* in entry_words */
    uint32_t matcher;             /* 0: names; others: concept classes of one language */
    uint32_t value;
    uint32_t is_cased; /* whether a word of it has a rule of case */
} Entry;

typedef struct {
    uint32_t word;             /* a lexicon word */
    uint32_t case_rule;
    uint32_t written, n_written; /* in text: as the entry writes it */
} EntryWord;

/* The steps that a row of the language automaton has of its own for 32 bytes. */
typedef struct {
    uint32_t bits;  /* for which bytes */
    uint32_t start; /* of the first, in language_steps */
} Part;

/* Where a byte leads. */
typedef struct {
    uint32_t feature; /* what it completes; NONE */
    uint32_t next;    /* the next row */
} Step;

typedef struct {
    /* characters: two levels, 256 a page */
    const uint16_t *char_page;
    const uint16_t *char_class;
    const uint32_t *char_shift; /* what to add for the small letter, modulo 2^32 */
    /* lexicon words: a hash table from key to number */
    const Slot *word_slots;
    uint32_t word_mask;
    const uint64_t *word_filter; /* a bit for the upper half of each key */
    uint32_t word_filter_mask;
    const uint8_t *word_starts; /* per word: what it can begin */
    const uint8_t *word_open;   /* per word: whether it may go on */
    uint32_t n_lexicon_words;
    uint64_t beginning_lengths; /* bit n: some beginning has n letters */
    /* entries: single words by their word, phrases by their first two */
    const Entry *entries;
    uint32_t n_entries;
    const EntryWord *entry_words;
    const uint32_t *single_start; /* n_lexicon_words + 1, in entries */
    const Slot *pair_slots;
    uint32_t pair_mask;
    const uint64_t *pair_filter;
    uint32_t pair_filter_mask;
    const uint32_t *pair_start; /* in pair_entries */
    const uint32_t *pair_entries;
    uint32_t n_matchers;
    /* values of entries: signs, that is names and then concept classes */
    const uint32_t *value_start; /* in value_signs */
    const uint32_t *value_signs;
    uint32_t n_values;
    const uint32_t *value_marker; /* n_values + 1, in text: "<china>" */
    const uint32_t *sign_text;    /* n_signs + 1, in text */
    uint32_t n_signs, n_names, n_sides;
    const uint32_t *names_sorted; /* n_names, by their text */
    const uint32_t *text;
    uint32_t n_text;
    /* terms: a hash table from key to row; a row is idf, then a coefficient per label */
    const Slot *term_slots;
    uint32_t term_mask;
    const float *rows;
    uint32_t n_rows, n_labels;
    const uint32_t *families; /* those in use, in column order */
    const double *family_weights;
    uint32_t n_families;
    const double *intercepts;
    /* numbers that labels/terms.py and labels/world.py define */
    uint32_t stem_length, shortest_piece, longest_piece;
    double window, han_width, min_words, max_words, min_letters, min_known;
    /* the language identifier: an automaton over bytes, and a cost per feature and language */
    const Part *language_parts;    /* for each 32 bytes, one a row */
    const Step *language_steps;    /* those by two bytes first */
    const uint8_t *language_costs; /* in language_unit, n_language_costs a feature */
    float language_unit;
    const float *language_prior;
    const uint32_t *language_same;     /* per language: the one that it counts as */
    const uint32_t *language_supported; /* per language, after that: 0 or 1 */
    uint32_t n_language_rows, language_first;
    uint32_t n_languages;      /* 0: no identifier */
    uint32_t n_language_costs; /* whole lines of a processor's cache */
    uint32_t glance_characters, glance_limit, sample_characters;
    double glance_certain, certain, guess;
} Tables;

typedef struct {
    const char *name;
    const void *data;
    size_t size; /* bytes */
    size_t item; /* bytes of one number */
} Array;

/* Fill tables from named arrays. Returns NULL, or what is wrong with them. */
const char *tables_open(Tables *tables, const Array *arrays, size_t n_arrays);

#endif
