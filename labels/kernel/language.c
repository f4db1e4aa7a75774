#include "language.h"

#include <math.h>
#include <string.h>

#define N_ABREAST 8

/* log(1 + count) */
static float frequency(uint32_t count) {
    static const float most[] = {0.0f, 0.69314718f, 1.0986123f, 1.3862944f, 1.6094379f};
    return count < 5 ? most[count] : log1pf((float)count);
}

/* A text on its way through the automaton. */
typedef struct {
    const unsigned char *at, *stop, *end;
    size_t first_key, end_key; /* the features seen, in keys */
    uint32_t row;
    unsigned char before;
    uint8_t is_glance; /* whether it stops before its end if that is enough */
    int32_t *language; /* receives the answer */
} Sample;

/* Where the first n characters of a text end, in bytes. */
static size_t end_of_characters(const char *utf8, size_t n_bytes, size_t n) {
    size_t i = 0;
    if (n_bytes <= n)
        return n_bytes;
    for (; i < n_bytes; i++)
        if (((unsigned char)utf8[i] & 0xc0) != 0x80 && n-- == 0)
            break;
    return i;
}

/* Take one byte of each sample in turn: every step waits for memory, and so they wait together. */
static void walk(const Tables *t, Work *w, Sample *samples, size_t n) {
    const size_t n_rows = t->n_language_rows;
    Sample *open[N_ABREAST];
    size_t n_open = 0;
    for (size_t i = 0; i < n; i++)
        if (samples[i].at < samples[i].stop)
            open[n_open++] = &samples[i];
    while (n_open > 0) {
        size_t n_steps = SIZE_MAX, n_left = 0;
        for (size_t i = 0; i < n_open; i++) {
            size_t left = (size_t)(open[i]->stop - open[i]->at);
            n_steps = left < n_steps ? left : n_steps;
        }
        for (size_t step = 0; step < n_steps; step++)
            for (size_t i = 0; i < n_open; i++) {
                Sample *sample = open[i];
                unsigned char byte = *sample->at++;
                const Part *part = &t->language_parts[byte / 32 * n_rows + sample->row];
                uint32_t bit = UINT32_C(1) << byte % 32;
                uint32_t at = part->bits & bit ? part->start + n_bits(part->bits & (bit - 1))
                                               : sample->before * 256u + byte;
                w->keys[sample->end_key++] = t->language_feature[at];
                sample->row = t->language_next[at];
                sample->before = byte;
            }
        for (size_t i = 0; i < n_open; i++)
            if (open[i]->at < open[i]->stop)
                open[n_left++] = open[i];
        n_open = n_left;
    }
}

/* The probability of each language for what was seen of a sample. */
static Status weigh_languages(const Tables *t, Work *w, const Sample *sample,
                              double *probabilities) {
    const uint32_t n = t->n_languages;
    const size_t n_bytes = sample->end_key - sample->first_key;
    float scores[MAX_LANGUAGES] = {0}, largest;
    int32_t once[MAX_LANGUAGES] = {0};
    double sum = 0;
    if (count_rows(w, sample->first_key, sample->end_key) != READ)
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

/* Read a text; 0 if only Python can tell its language. A short one is looked at by its beginning
   first. */
static int begin_sample(const Tables *t, Work *w, const char *utf8, size_t n_bytes,
                        Sample *sample, Status *status) {
    size_t n_sample = end_of_characters(utf8, n_bytes, t->sample_characters);
    *status = read_text(t, w, utf8, n_sample, 0);
    if (*status != READ || ((w->any_class & UPPER) && !(w->any_class & LOWER)))
        return 0;
    int is_glance = w->n_text <= t->glance_limit && n_sample == n_bytes;
    const unsigned char *text = (const unsigned char *)utf8;
    size_t n_first = is_glance ? end_of_characters(utf8, n_bytes, t->glance_characters) : n_sample;
    *sample = (Sample){.at = text, .stop = text + n_first, .end = text + n_sample,
                       .row = t->language_first, .is_glance = (uint8_t)is_glance};
    return 1;
}

/* Tell the language by the whole sample. */
static int32_t decide_whole(const Tables *t, const double *probabilities) {
    uint32_t best = most_likely(t, probabilities, 0);
    double least = t->language_supported[best] ? t->guess : t->certain;
    if (probabilities[best] < least) {
        best = most_likely(t, probabilities, 1);
        if (best == NONE || probabilities[best] < t->guess)
            return UNDETERMINED;
    }
    return (int32_t)best;
}

/* Walk to where each sample stops, and tell the languages that are certain then; the others stay,
   at the front, with their ends to go to. */
static Status tell(const Tables *t, Work *w, Sample *samples, size_t *n) {
    double probabilities[MAX_LANGUAGES];
    size_t n_left = 0;
    walk(t, w, samples, *n);
    for (size_t i = 0; i < *n; i++) {
        Sample *sample = &samples[i];
        if (weigh_languages(t, w, sample, probabilities) != READ)
            return NO_MEMORY;
        uint32_t best = most_likely(t, probabilities, 0);
        if (!sample->is_glance) {
            *sample->language = decide_whole(t, probabilities);
        } else if (t->language_supported[best] && probabilities[best] >= t->glance_certain) {
            *sample->language = (int32_t)best;
        } else {
            sample->stop = sample->end;
            sample->is_glance = 0;
            samples[n_left++] = *sample;
        }
    }
    *n = n_left;
    return READ;
}

static Status identify_some(const Tables *t, Work *w, const char *const *utf8,
                            const size_t *n_bytes, size_t n, int32_t *languages) {
    Sample samples[N_ABREAST];
    size_t n_samples = 0, n_keys = 0;
    for (size_t i = 0; i < n; i++) {
        Sample *sample = &samples[n_samples];
        Status status;
        languages[i] = ONLY_PYTHON;
        int is_ours = begin_sample(t, w, utf8[i], n_bytes[i], sample, &status);
        if (status == NO_MEMORY)
            return NO_MEMORY;
        if (!is_ours)
            continue;
        sample->language = &languages[i];
        sample->first_key = sample->end_key = n_keys;
        n_keys += (size_t)(sample->end - sample->at);
        n_samples++;
    }
    if (!grow((void **)&w->keys, &w->size_keys, n_keys + 1, sizeof *w->keys))
        return NO_MEMORY;
    while (n_samples > 0)
        if (tell(t, w, samples, &n_samples) != READ)
            return NO_MEMORY;
    return READ;
}

Status identify(const Tables *t, Work *w, const char *const *utf8, const size_t *n_bytes, size_t n,
                int32_t *languages) {
    for (size_t i = 0; i < n; i += N_ABREAST) {
        size_t n_some = n - i < N_ABREAST ? n - i : N_ABREAST;
        if (identify_some(t, w, utf8 + i, n_bytes + i, n_some, languages + i) != READ)
            return NO_MEMORY;
    }
    return READ;
}
