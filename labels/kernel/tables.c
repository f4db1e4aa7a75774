#include "tables.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define N_PAGES_OF_UNICODE (0x110000 >> 8)
#define CHECK(condition, problem)                                                                  \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return problem;                                                                        \
    } while (0)

static const Array *find(const Array *arrays, size_t n_arrays, const char *name) {
    for (size_t i = 0; i < n_arrays; i++)
        if (strcmp(arrays[i].name, name) == 0)
            return &arrays[i];
    return NULL;
}

/* The size of the numbers that the array for `field` holds. */
#define NUMBER_SIZE(field)                                                                         \
    _Generic(*(field), Entry: sizeof(uint32_t), EntryWord: sizeof(uint32_t),                       \
             Part: sizeof(uint32_t), Step: sizeof(uint32_t), Slot: sizeof(uint64_t),               \
             default: sizeof *(field))

/* Points `field` at the array of its name and `count` at its number of elements. */
#define TAKE(field, name, count)                                                                   \
    do {                                                                                           \
        const Array *found = find(arrays, n_arrays, name);                                         \
        CHECK(found != NULL, name " is missing");                                                  \
        CHECK(found->item == NUMBER_SIZE(field), name " holds numbers of another size");           \
        CHECK(found->size % sizeof *(field) == 0, name " has a broken size");                      \
        CHECK((uintptr_t)found->data % _Alignof(uint64_t) == 0, name " is not aligned");           \
        CHECK(found->size / sizeof *(field) < UINT32_MAX, name " is too large");                   \
        (field) = found->data;                                                                     \
        (count) = (uint32_t)(found->size / sizeof *(field));                                       \
    } while (0)

static bool all_below(const uint32_t *values, uint32_t n, uint32_t limit) {
    for (uint32_t i = 0; i < n; i++)
        if (values[i] >= limit)
            return false;
    return true;
}

/* Starts of ranges, and last the end of the last one, all within n_elements. */
static bool are_starts(const uint32_t *starts, uint32_t n, uint32_t n_elements) {
    for (uint32_t i = 1; i < n; i++)
        if (starts[i] < starts[i - 1])
            return false;
    return n > 0 && starts[n - 1] <= n_elements;
}

/* A hash table ends each search at a free slot (key 0): it needs one, and a size of 2^n. */
static bool is_hash_table(const Slot *slots, uint32_t n, uint32_t limit) {
    bool has_free_slot = false;
    if (n == 0 || (n & (n - 1)) != 0)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        if (slots[i].key == 0)
            has_free_slot = true;
        else if (slots[i].number >= limit)
            return false;
    }
    return has_free_slot;
}

/* A filter is a number of bits of 2^n, in words of 64. */
static bool is_filter(uint32_t n) {
    return n > 0 && n < UINT32_MAX / 64 && (n & (n - 1)) == 0;
}

static const char *open_characters(Tables *t, const Array *arrays, size_t n_arrays) {
    uint32_t n_pages, n_classes, n_shifts;
    TAKE(t->char_page, "char_page", n_pages);
    TAKE(t->char_class, "char_class", n_classes);
    TAKE(t->char_shift, "char_shift", n_shifts);
    CHECK(n_pages == N_PAGES_OF_UNICODE && n_classes == n_shifts, "characters do not fit");
    for (uint32_t i = 0; i < n_pages; i++)
        CHECK((uint32_t)(t->char_page[i] + 1) * 256 <= n_classes, "char_page points outside");
    return NULL;
}

static const char *open_lexicon(Tables *t, const Array *arrays, size_t n_arrays) {
    uint32_t n, n_other, n_words, n_pairs, n_value_signs, n_starts;
    const uint64_t *lengths;
    const uint32_t *counts;
    TAKE(counts, "lexicon_counts", n);
    CHECK(n == 4, "lexicon_counts does not hold four numbers");
    t->n_matchers = counts[0], t->n_names = counts[1], t->n_sides = counts[2], n_pairs = counts[3];
    CHECK(t->n_matchers >= 1 && t->n_matchers <= MAX_MATCHERS, "too many languages");
    CHECK(t->n_sides <= t->n_names && t->n_names <= MAX_NAMES, "too many names");
    CHECK(n_pairs < UINT32_MAX, "too many phrases");
    TAKE(t->text, "text", t->n_text);
    TAKE(t->word_starts, "word_starts", t->n_lexicon_words);
    TAKE(t->word_open, "word_open", n);
    CHECK(n == t->n_lexicon_words, "word_open does not fit");
    TAKE(t->word_slots, "word_slots", n);
    CHECK(is_hash_table(t->word_slots, n, t->n_lexicon_words), "word_slots is no hash table");
    t->word_mask = n - 1;
    TAKE(t->word_filter, "word_filter", n);
    CHECK(is_filter(n), "word_filter has a broken size");
    t->word_filter_mask = n * 64 - 1;
    TAKE(lengths, "beginning_lengths", n);
    CHECK(n == 1, "beginning_lengths is not one number");
    t->beginning_lengths = lengths[0];
    TAKE(t->value_start, "value_start", n_starts);
    TAKE(t->value_signs, "value_signs", n_value_signs);
    CHECK(are_starts(t->value_start, n_starts, n_value_signs), "value_start is not in order");
    t->n_values = n_starts - 1;
    TAKE(t->value_marker, "value_marker", n);
    CHECK(n == n_starts && are_starts(t->value_marker, n, t->n_text),
          "value_marker points outside");
    TAKE(t->sign_text, "sign_text", n);
    CHECK(n > t->n_names && are_starts(t->sign_text, n, t->n_text), "sign_text points outside");
    t->n_signs = n - 1;
    CHECK(all_below(t->value_signs, n_value_signs, t->n_signs), "value_signs points outside");
    TAKE(t->names_sorted, "names_sorted", n);
    CHECK(n == t->n_names && all_below(t->names_sorted, n, t->n_names), "names_sorted is broken");
    TAKE(t->entry_words, "entry_words", n_words);
    for (uint32_t i = 0; i < n_words; i++) {
        const EntryWord *word = &t->entry_words[i];
        CHECK(word->word < t->n_lexicon_words && word->case_rule <= EXACT_CASE &&
                  word->written <= t->n_text && word->n_written <= t->n_text - word->written,
              "entry_words points outside");
    }
    TAKE(t->entries, "entries", t->n_entries);
    for (uint32_t i = 0; i < t->n_entries; i++) {
        const Entry *entry = &t->entries[i];
        CHECK(entry->n_words >= 1 && entry->first_word <= n_words &&
                  entry->n_words <= n_words - entry->first_word &&
                  entry->matcher < t->n_matchers && entry->value < t->n_values,
              "entries points outside");
        if (entry->matcher == 0) /* names are counted in bits */
            for (uint32_t k = t->value_start[entry->value]; k < t->value_start[entry->value + 1]; k++)
                CHECK(t->value_signs[k] < t->n_names, "entries: a name is no name");
    }
    TAKE(t->single_start, "single_start", n);
    CHECK(n == t->n_lexicon_words + 1 && are_starts(t->single_start, n, t->n_entries),
          "single_start points outside");
    for (uint32_t i = 0; i < t->single_start[n - 1]; i++)
        CHECK(t->entries[i].n_words == 1, "single_start holds a phrase");
    TAKE(t->pair_entries, "pair_entries", n_other);
    TAKE(t->pair_start, "pair_start", n);
    CHECK(n == n_pairs + 1 && are_starts(t->pair_start, n, n_other) &&
              all_below(t->pair_entries, n_other, t->n_entries),
          "pair_start points outside");
    for (uint32_t i = 0; i < n_other; i++)
        CHECK(t->entries[t->pair_entries[i]].n_words >= 2, "pair_entries holds a single word");
    TAKE(t->pair_slots, "pair_slots", n);
    CHECK(is_hash_table(t->pair_slots, n, n_pairs), "pair_slots is no hash table");
    t->pair_mask = n - 1;
    TAKE(t->pair_filter, "pair_filter", n);
    CHECK(is_filter(n), "pair_filter has a broken size");
    t->pair_filter_mask = n * 64 - 1;
    return NULL;
}

static const char *open_terms(Tables *t, const Array *arrays, size_t n_arrays) {
    uint32_t n, n_values;
    TAKE(t->families, "families", t->n_families);
    CHECK(t->n_families <= MAX_FAMILIES && all_below(t->families, t->n_families, N_FAMILIES),
          "families holds an unknown family");
    for (uint32_t i = 0; i < t->n_families; i++)
        for (uint32_t k = 0; k < i; k++)
            CHECK(t->families[i] != t->families[k], "families holds a family twice");
    TAKE(t->family_weights, "family_weights", n);
    CHECK(n == t->n_families, "family_weights does not fit");
    TAKE(t->intercepts, "intercepts", t->n_labels);
    CHECK(t->n_labels <= MAX_LABELS, "too many labels");
    TAKE(t->rows, "rows", n_values);
    CHECK(n_values % (t->n_labels + 1) == 0, "rows does not fit");
    t->n_rows = n_values / (t->n_labels + 1);
    for (uint32_t i = 0; i < n_values; i++)
        CHECK(isfinite(t->rows[i]), "rows holds a number that is not finite");
    for (uint32_t i = 0; i < t->n_labels; i++)
        CHECK(isfinite(t->intercepts[i]), "intercepts holds a number that is not finite");
    for (uint32_t i = 0; i < t->n_families; i++)
        CHECK(isfinite(t->family_weights[i]), "family_weights holds a number that is not finite");
    TAKE(t->term_slots, "term_slots", n);
    CHECK(is_hash_table(t->term_slots, n, t->n_rows), "term_slots is no hash table");
    t->term_mask = n - 1;
    return NULL;
}

static const char *open_numbers(Tables *t, const Array *arrays, size_t n_arrays) {
    const double *numbers;
    uint32_t n;
    TAKE(numbers, "numbers", n);
    CHECK(n == 9, "numbers does not hold nine numbers");
    for (uint32_t i = 0; i < n; i++)
        CHECK(numbers[i] >= 0 && numbers[i] < 1e6, "numbers holds an impossible number");
    t->stem_length = (uint32_t)numbers[0];
    t->shortest_piece = (uint32_t)numbers[1];
    t->longest_piece = (uint32_t)numbers[2];
    CHECK(t->stem_length >= 1 && t->shortest_piece >= 1 && t->longest_piece <= 16,
          "numbers holds an impossible length");
    t->window = numbers[3];
    t->han_width = numbers[4];
    /* Places rise by this: a window holds a bounded number of items. */
    CHECK(t->window <= 64 && t->han_width >= 0.125, "numbers holds an impossible window");
    t->min_words = numbers[5];
    t->max_words = numbers[6];
    t->min_letters = numbers[7];
    t->min_known = numbers[8];
    return NULL;
}

/* __builtin_popcount is a call where the processor is not told. */
static uint32_t n_bits(uint32_t bits) {
    bits -= bits >> 1 & 0x55555555;
    bits = (bits & 0x33333333) + (bits >> 2 & 0x33333333);
    return ((bits + (bits >> 4)) & 0x0f0f0f0f) * 0x01010101 >> 24;
}

static const char *open_automaton(Tables *t, const Array *arrays, size_t n_arrays,
                                  uint32_t n_features) {
    uint32_t n_parts, n_steps, at = 256 * 256;
    TAKE(t->language_parts, "language_parts", n_parts);
    TAKE(t->language_steps, "language_steps", n_steps);
    CHECK(n_parts % 8 == 0, "language_parts does not fit");
    t->n_language_rows = n_parts / 8;
    CHECK(n_steps >= at, "language_steps does not fit");
    for (uint32_t i = 0; i < n_parts; i++) {
        const Part *part = &t->language_parts[i];
        CHECK(part->start == at && n_bits(part->bits) <= n_steps - at,
              "language_parts is not in order");
        at += n_bits(part->bits);
    }
    for (uint32_t i = 0; i < n_steps; i++) {
        const Step *step = &t->language_steps[i];
        CHECK(step->next < t->n_language_rows, "language_steps points outside");
        CHECK(step->feature < n_features || step->feature == NONE,
              "language_steps holds an unknown feature");
    }
    CHECK(t->language_first < t->n_language_rows, "language_numbers points outside");
    return NULL;
}

static const char *open_language(Tables *t, const Array *arrays, size_t n_arrays) {
    uint32_t n, n_costs;
    const double *numbers;
    t->n_languages = 0;
    if (find(arrays, n_arrays, "language_steps") == NULL)
        return NULL;
    TAKE(t->language_prior, "language_prior", t->n_languages);
    CHECK(t->n_languages >= 1 && t->n_languages <= MAX_LANGUAGES, "too many languages to tell");
    t->n_language_costs = (t->n_languages + LINE - 1) / LINE * LINE;
    TAKE(t->language_costs, "language_costs", n_costs);
    CHECK(n_costs % t->n_language_costs == 0, "language_costs does not fit");
    for (uint32_t i = 0; i < t->n_languages; i++)
        CHECK(isfinite(t->language_prior[i]), "language_prior holds a number that is not finite");
    TAKE(t->language_same, "language_same", n);
    CHECK(n == t->n_languages && all_below(t->language_same, n, n), "language_same is broken");
    TAKE(t->language_supported, "language_supported", n);
    CHECK(n == t->n_languages, "language_supported does not fit");
    TAKE(numbers, "language_numbers", n);
    CHECK(n == 8, "language_numbers does not hold eight numbers");
    for (uint32_t i = 0; i < n; i++)
        CHECK(numbers[i] >= 0 && numbers[i] < 1e6, "language_numbers holds an impossible number");
    t->glance_characters = (uint32_t)numbers[0];
    t->glance_limit = (uint32_t)numbers[1];
    t->sample_characters = (uint32_t)numbers[2];
    t->glance_certain = numbers[3], t->certain = numbers[4], t->guess = numbers[5];
    t->language_first = (uint32_t)numbers[6];
    t->language_unit = (float)numbers[7];
    return open_automaton(t, arrays, n_arrays, n_costs / t->n_language_costs);
}

const char *tables_open(Tables *t, const Array *arrays, size_t n_arrays) {
    const char *problem = open_characters(t, arrays, n_arrays);
    if (problem == NULL)
        problem = open_lexicon(t, arrays, n_arrays);
    if (problem == NULL)
        problem = open_terms(t, arrays, n_arrays);
    if (problem == NULL)
        problem = open_numbers(t, arrays, n_arrays);
    if (problem == NULL)
        problem = open_language(t, arrays, n_arrays);
    return problem;
}
