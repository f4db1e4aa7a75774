#include "language.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define N_ABREAST 8

/* Counting bits is one instruction, which numpy asks of the processor, too (x86-64-v2). */
#ifdef __x86_64__
#define COUNTS_BITS __attribute__((target("popcnt")))
#else
#define COUNTS_BITS
#endif

/* Sums of 16 bits hold the costs of so many features. */
#define N_BEFORE_FULL 256

/* Sums and maxima are taken of so many at a time: one after the other they wait for each other. */
#define N_LANES 8

/* The first byte of U+0300: texts of characters before it are composed. */
#define FIRST_COMBINING 0xcc

/* log(1 + count) */
static float frequency(uint32_t count) {
    static const float most[] = {0.0f, 0.69314718f, 1.0986123f, 1.3862944f, 1.6094379f};
    return count < 5 ? most[count] : log1pf((float)count);
}

/* A text on its way through the automaton. */
typedef struct {
    const unsigned char *text, *at, *stop, *end;
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
COUNTS_BITS static void walk(const Tables *t, Work *w, Sample *samples, size_t n) {
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
                uint32_t own = part->start + (uint32_t)__builtin_popcount(part->bits & (bit - 1));
                uint32_t common = sample->before * 256u + byte;
                /* No branch: a wrong guess would stop what waits for memory meanwhile. */
                uint32_t at = common ^ ((common ^ own) & (0 - (part->bits >> byte % 32 & 1)));
                w->keys[sample->end_key] = t->language_steps[at].feature;
                sample->end_key += t->language_steps[at].feature != NONE;
                sample->row = t->language_steps[at].next;
                sample->before = byte;
            }
        for (size_t i = 0; i < n_open; i++)
            if (open[i]->at < open[i]->stop)
                open[n_left++] = open[i];
        n_open = n_left;
    }
}

static void prefetch_costs(const Tables *t, const Work *w, const Sample *sample) {
    for (size_t i = sample->first_key; i < sample->end_key; i++)
        for (uint32_t k = 0; k < t->n_language_costs; k += LINE)
            __builtin_prefetch(t->language_costs + w->keys[i] * t->n_language_costs + k);
}

static void add_sums(uint16_t *sums, float value, float *scores) {
    for (uint32_t k = 0; k < LINE; k++) {
        scores[k] -= value * (float)sums[k];
        sums[k] = 0;
    }
}

/* Subtract from scores what the features counted cost in the languages of one line. */
static void subtract_costs(const Counted *counted, size_t n_counted, const uint8_t *costs,
                           size_t width, float *scores) {
    uint16_t once[LINE] = {0}; /* Most are seen once: whole numbers add faster. */
    size_t n_once = 0;
    for (size_t i = 0; i < n_counted; i++) {
        const uint8_t *of_feature = costs + counted[i].row * width;
        if (counted[i].count > 1) {
            float value = frequency(counted[i].count);
            for (uint32_t k = 0; k < LINE; k++)
                scores[k] -= value * (float)of_feature[k];
            continue;
        }
        for (uint32_t k = 0; k < LINE; k++)
            once[k] += of_feature[k];
        if (++n_once % N_BEFORE_FULL == 0)
            add_sums(once, frequency(1), scores);
    }
    add_sums(once, frequency(1), scores);
}

/* e^x for x <= 0, to 2e-5 of itself, as (e^(x/256))^256: made for many at a time, unlike a call. */
static float exponential(float x) {
    float part = (x > -40.0f ? x : -40.0f) / 256;
    float raised = 1 + part * (1 + part / 2 * (1 + part / 3 * (1 + part / 4)));
    for (int i = 0; i < 8; i++)
        raised *= raised;
    return raised;
}

/* The softmax of scores, whole lines of them. */
static void to_probabilities(const float *scores, size_t width, float *probabilities) {
    float largest[N_LANES], sums[N_LANES] = {0};
    memcpy(largest, scores, sizeof largest);
    for (size_t k = 0; k < width; k += N_LANES)
        for (size_t j = 0; j < N_LANES; j++)
            largest[j] = scores[k + j] > largest[j] ? scores[k + j] : largest[j];
    for (size_t j = 1; j < N_LANES; j++)
        largest[0] = largest[j] > largest[0] ? largest[j] : largest[0];
    for (size_t k = 0; k < width; k++)
        probabilities[k] = exponential(scores[k] - largest[0]);
    for (size_t k = 0; k < width; k += N_LANES)
        for (size_t j = 0; j < N_LANES; j++)
            sums[j] += probabilities[k + j];
    for (size_t j = 1; j < N_LANES; j++)
        sums[0] += sums[j];
    for (size_t k = 0; k < width; k++)
        probabilities[k] /= sums[0];
}

/* The probability of each language for what was seen of a sample. */
static Status weigh_languages(const Tables *t, Work *w, const Sample *sample,
                              float *probabilities) {
    const uint32_t n = t->n_languages, width = t->n_language_costs;
    const size_t n_bytes = (size_t)(sample->at - sample->text);
    float scores[MAX_LANGUAGES];
    memset(scores, 0, n * sizeof *scores);
    for (uint32_t k = n; k < width; k++)
        scores[k] = -FLT_MAX; /* no language */
    if (count_rows(w, sample->first_key, sample->end_key) != READ)
        return NO_MEMORY;
    for (uint32_t k = 0; k < width; k += LINE)
        subtract_costs(w->counted, w->n_counted, t->language_costs + k, width, scores + k);
    float temperature = n_bytes ? sqrtf((float)n_bytes) : 1.0f;
    float prior = w->n_counted ? 1.0f : 0.0f;
    for (uint32_t k = 0; k < n; k++)
        scores[k] = (scores[k] * t->language_unit + prior * t->language_prior[k]) / temperature;
    to_probabilities(scores, width, probabilities);
    for (uint32_t k = 0; k < n; k++)
        if (t->language_same[k] != k) {
            probabilities[t->language_same[k]] += probabilities[k];
            probabilities[k] = 0;
        }
    return READ;
}

static uint32_t most_likely(const Tables *t, const float *probabilities, int only_supported) {
    uint32_t best = NONE;
    float most = 0;
    for (uint32_t k = 0; k < t->n_languages; k++)
        if ((best == NONE || probabilities[k] > most) &&
            (!only_supported || t->language_supported[k])) {
            best = k;
            most = probabilities[k];
        }
    return best;
}

/* Whether only Python can tell the language: the text must be composed or lower-cased first. */
static Status needs_python(const Tables *t, Work *w, const char *utf8, size_t n_bytes) {
    unsigned char highest = 0, is_lower = 0, is_upper = 0;
    for (size_t i = 0; i < n_bytes; i++) {
        unsigned char byte = (unsigned char)utf8[i];
        highest = byte > highest ? byte : highest;
        is_lower |= (unsigned char)(byte - 'a') < 26;
        is_upper |= (unsigned char)(byte - 'A') < 26;
    }
    if (highest >= FIRST_COMBINING || (highest >= 0x80 && !is_lower)) {
        Status status = read_text(t, w, utf8, n_bytes, 0);
        if (status != READ)
            return status;
        is_upper = (w->any_class & UPPER) != 0;
        is_lower = (w->any_class & LOWER) != 0;
    }
    return is_upper && !is_lower ? NEEDS_PYTHON : READ;
}

/* Prepare a text for its way; a short one is looked at by its beginning first. */
static Status begin_sample(const Tables *t, Work *w, const char *utf8, size_t n_bytes,
                           Sample *sample) {
    size_t n_sample = end_of_characters(utf8, n_bytes, t->sample_characters);
    Status status = needs_python(t, w, utf8, n_sample);
    if (status != READ)
        return status;
    int is_glance = end_of_characters(utf8, n_bytes, t->glance_limit) == n_bytes;
    const unsigned char *text = (const unsigned char *)utf8;
    size_t n_first = is_glance ? end_of_characters(utf8, n_bytes, t->glance_characters) : n_sample;
    *sample = (Sample){.text = text, .at = text, .stop = text + n_first, .end = text + n_sample,
                       .row = t->language_first, .is_glance = (uint8_t)is_glance};
    return READ;
}

/* Tell the language by the whole sample. */
static int32_t decide_whole(const Tables *t, const float *probabilities) {
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
    float probabilities[MAX_LANGUAGES];
    size_t n_left = 0;
    walk(t, w, samples, *n);
    prefetch_costs(t, w, &samples[0]);
    for (size_t i = 0; i < *n; i++) {
        Sample *sample = &samples[i];
        if (i + 1 < *n)
            prefetch_costs(t, w, &samples[i + 1]);
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
        Status status = begin_sample(t, w, utf8[i], n_bytes[i], sample);
        languages[i] = ONLY_PYTHON;
        if (status == NO_MEMORY)
            return NO_MEMORY;
        if (status == NEEDS_PYTHON)
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
