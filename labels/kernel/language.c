#include "language.h"

#include <math.h>
#include <string.h>

/* log(1 + count) */
static float frequency(uint32_t count) {
    static const float most[] = {0.0f, 0.69314718f, 1.0986123f, 1.3862944f, 1.6094379f};
    return count < 5 ? most[count] : log1pf((float)count);
}

/* Where the first n characters of a text end, in bytes. */
static size_t end_of_characters(const char *utf8, size_t n_bytes, size_t n) {
    size_t i = 0;
    for (; i < n_bytes; i++)
        if (((unsigned char)utf8[i] & 0xc0) != 0x80 && n-- == 0)
            break;
    return i;
}

/* The probability of each language for the bytes of a sample. */
static Status weigh_languages(const Tables *t, Work *w, const char *utf8, size_t n_bytes,
                              double *probabilities) {
    const uint32_t n = t->n_languages;
    float scores[MAX_LANGUAGES] = {0}, largest;
    int32_t once[MAX_LANGUAGES] = {0};
    double sum = 0;
    uint32_t row = t->language_first;
    unsigned char before = 0;
    if (!grow((void **)&w->keys, &w->size_keys, n_bytes + 1, sizeof *w->keys))
        return NO_MEMORY;
    for (size_t i = 0; i < n_bytes; i++) {
        unsigned char byte = (unsigned char)utf8[i];
        const Part *part = &t->language_parts[(size_t)row * 8 + byte / 32];
        uint32_t bit = UINT32_C(1) << byte % 32;
        uint32_t at = part->bits & bit ? part->start + n_bits(part->bits & (bit - 1))
                                       : before * 256u + byte;
        w->keys[i] = t->language_feature[at];
        row = t->language_next[at];
        before = byte;
    }
    if (count_rows(w, 0, n_bytes) != READ)
        return NO_MEMORY;
    for (size_t i = 0; i < w->n_counted; i++)
        __builtin_prefetch(t->language_weights + (size_t)w->counted[i].row * n);
    for (size_t i = 0; i < w->n_counted; i++) {
        const int16_t *weights = t->language_weights + (size_t)w->counted[i].row * n;
        float value = frequency(w->counted[i].count);
        /* Most are seen once: whole numbers add faster. */
        if (w->counted[i].count == 1)
            for (uint32_t k = 0; k < n; k++)
                once[k] += weights[k];
        else
            for (uint32_t k = 0; k < n; k++)
                scores[k] += value * (float)weights[k];
    }
    for (uint32_t k = 0; k < n; k++)
        scores[k] = (scores[k] + frequency(1) * (float)once[k]) * t->language_unit;
    float temperature = n_bytes ? sqrtf((float)n_bytes) : 1.0f;
    for (uint32_t k = 0; k < n && w->n_counted; k++)
        scores[k] = (scores[k] + t->language_prior[k]) / temperature;
    largest = scores[0];
    for (uint32_t k = 1; k < n; k++)
        largest = scores[k] > largest ? scores[k] : largest;
    for (uint32_t k = 0; k < n; k++)
        sum += probabilities[k] = expf(scores[k] - largest);
    for (uint32_t k = 0; k < n; k++)
        probabilities[k] /= sum;
    for (uint32_t k = 0; k < n; k++)
        if (t->language_same[k] != k) {
            probabilities[t->language_same[k]] += probabilities[k];
            probabilities[k] = 0;
        }
    return READ;
}

static uint32_t most_likely(const Tables *t, const double *probabilities, int only_supported) {
    uint32_t best = NONE;
    for (uint32_t k = 0; k < t->n_languages; k++)
        if ((!only_supported || t->language_supported[k]) &&
            (best == NONE || probabilities[k] > probabilities[best]))
            best = k;
    return best;
}

Status identify(const Tables *t, Work *w, const char *utf8, size_t n_bytes, int32_t *language) {
    double probabilities[MAX_LANGUAGES];
    size_t n_sample = end_of_characters(utf8, n_bytes, t->sample_characters);
    size_t n_glance = end_of_characters(utf8, n_bytes, t->glance_characters);
    uint32_t best;
    Status status = read_text(t, w, utf8, n_sample, 0);
    int is_upper = (w->any_class & UPPER) && !(w->any_class & LOWER);
    *language = ONLY_PYTHON;
    if (status == NO_MEMORY || status == NEEDS_PYTHON || is_upper)
        return status;
    if (w->n_text <= t->glance_limit && n_sample == n_bytes) {
        status = weigh_languages(t, w, utf8, n_glance, probabilities);
        if (status != READ)
            return status;
        best = most_likely(t, probabilities, 0);
        if (t->language_supported[best] && probabilities[best] >= t->glance_certain) {
            *language = (int32_t)best;
            return READ;
        }
    }
    status = weigh_languages(t, w, utf8, n_sample, probabilities);
    if (status != READ)
        return status;
    best = most_likely(t, probabilities, 0);
    double least = t->language_supported[best] ? t->guess : t->certain;
    if (probabilities[best] < least) {
        best = most_likely(t, probabilities, 1);
        if (best == NONE || probabilities[best] < t->guess) {
            *language = UNDETERMINED;
            return READ;
        }
    }
    *language = (int32_t)best;
    return READ;
}
