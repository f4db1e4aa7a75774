#include "score.h"
#include "hash.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How often most terms occur; beyond it log() is called. */
#define N_LOGS 16
static const double LOGS[N_LOGS + 1] = {
    0.0, 1.0, 1.6931471805599454, 2.0986122886681100, 2.3862943611198908, 2.6094379124341003,
    2.7917594692280550, 2.9459101490553130, 3.0794415416798357, 3.1972245773362196,
    3.3025850929940455, 3.3978952727983707, 3.4849066497880004, 3.5649493574615367,
    3.6390573296152584, 3.7080502011022101, 3.7725887222397811};

static double frequency(uint32_t count) {
    return count <= N_LOGS ? LOGS[count] : 1.0 + log((double)count);
}

static void prefetch_term(const Tables *t, uint64_t key) {
    __builtin_prefetch(&t->term_slots[(uint32_t)key & t->term_mask]);
}

/* Replace the keys by rows in place; NONE where a term is unknown. */
static void find_rows(const Tables *t, Work *w) {
    const size_t ahead = 12;
    for (size_t i = 0; i < w->n_keys && i < ahead; i++)
        prefetch_term(t, w->keys[i]);
    for (size_t i = 0; i < w->n_keys; i++) {
        if (i + ahead < w->n_keys)
            prefetch_term(t, w->keys[i + ahead]);
        uint32_t row = hash_find(t->term_slots, t->term_mask, w->keys[i]);
        if (row != NONE)
            __builtin_prefetch(&t->rows[(size_t)row * (t->n_labels + 1)]);
        w->keys[i] = row;
    }
}

Status count_rows(Work *w, size_t start, size_t end) {
    size_t n_slots = 16;
    while (n_slots < 2 * (end - start))
        n_slots *= 2;
    if (!grow((void **)&w->slots, &w->size_slots, n_slots, sizeof *w->slots) ||
        !grow((void **)&w->counted, &w->size_counted, end - start, sizeof *w->counted))
        return NO_MEMORY;
    memset(w->slots, 0xff, n_slots * sizeof *w->slots);
    w->n_counted = 0;
    for (size_t i = start; i < end; i++) {
        uint32_t row = (uint32_t)w->keys[i];
        if (row == NONE)
            continue;
        size_t slot = (row * 2654435769u >> 7) & (n_slots - 1);
        while (w->slots[slot] != NONE && w->counted[w->slots[slot]].row != row)
            slot = (slot + 1) & (n_slots - 1);
        if (w->slots[slot] == NONE) {
            w->slots[slot] = (uint32_t)w->n_counted;
            w->counted[w->n_counted++] = (Counted){row, 0};
        }
        w->counted[w->slots[slot]].count++;
    }
    return READ;
}

static void add_family(const Tables *t, const Work *w, double weight, double *logits,
                       double *sums) {
    const size_t width = t->n_labels + 1;
    double square = 0.0;
    memset(sums, 0, t->n_labels * sizeof *sums);
    for (size_t i = 0; i < w->n_counted; i++) {
        const float *row = t->rows + w->counted[i].row * width;
        double value = frequency(w->counted[i].count) * row[0];
        square += value * value;
        for (uint32_t k = 0; k < t->n_labels; k++)
            sums[k] += value * row[k + 1];
    }
    if (square > 0)
        for (uint32_t k = 0; k < t->n_labels; k++)
            logits[k] += weight * sums[k] / sqrt(square);
}

static uint8_t outside(const Tables *t, const Work *w, double known) {
    double n_words = w->n_items ? w->items[w->n_items - 1].place + 1 : 0;
    if (n_words < t->min_words)
        return TOO_SHORT;
    if (n_words > t->max_words)
        return TOO_LONG;
    if (w->n_letters < t->min_letters * w->n_marks)
        return NOT_PROSE;
    return known < t->min_known ? UNKNOWN_WORDS : INSIDE;
}

int begin_sentence(const Tables *t, Work *w) {
    if (w->seen == NULL && (w->seen = calloc(t->n_signs + 1, sizeof *w->seen)) == NULL)
        return 0;
    if (++w->sentence == 0) { /* begins again after 2^32 sentences */
        memset(w->seen, 0, t->n_signs * sizeof *w->seen);
        w->sentence = 1;
    }
    return 1;
}

Status read_keys(const Tables *t, Work *w, const char *utf8, size_t n_bytes, int is_composed) {
    Status status = read_text(t, w, utf8, n_bytes, is_composed);
    if (status == READ && !begin_sentence(t, w))
        return NO_MEMORY;
    if (status == READ)
        status = read_items(t, w);
    return status == READ ? make_keys(t, w) : status;
}

Status score_text(const Tables *t, Work *w, const char *utf8, size_t n_bytes, int is_composed,
                  double *scores, Answer *answer) {
    double sums[MAX_LABELS];
    Status status = read_keys(t, w, utf8, n_bytes, is_composed);
    if (status != READ)
        return status;
    find_rows(t, w);
    size_t n_known = 0;
    for (uint32_t i = 0; i < w->n_items; i++)
        n_known += w->items[i].is_name || (i < w->n_single_words && w->keys[i] != NONE);
    memcpy(scores, t->intercepts, t->n_labels * sizeof *scores);
    for (uint32_t f = 0; f < t->n_families; f++) {
        status = count_rows(w, w->family_keys[f], w->family_keys[f + 1]);
        if (status != READ)
            return status;
        add_family(t, w, t->family_weights[f], scores, sums);
    }
    for (uint32_t k = 0; k < t->n_labels; k++)
        scores[k] = 0.5 * (1.0 + tanh(0.5 * scores[k]));
    answer->known = w->n_items ? (double)n_known / w->n_items : 0.0;
    answer->named = names_present(t, w);
    answer->outside = outside(t, w, answer->known);
    return READ;
}
