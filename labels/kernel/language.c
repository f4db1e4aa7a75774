#include "language.h"

#include <math.h>
#include <string.h>

#define N_ABREAST 8

/* Counting bits is one instruction, which numpy asks of the processor, too (x86-64-v2). */
#ifdef __x86_64__
#define COUNTS_BITS __attribute__((target("popcnt")))
#else
#define COUNTS_BITS
#endif

/* Weights in one line of a processor's cache. */
#define LINE_WEIGHTS 32

/* Below it a probability is 2e-9 of the largest: less than the scores are rounded by. */
#define NEGLIGIBLE (-20.0f)

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
                uint32_t at = part->bits & bit ? part->start + (uint32_t)__builtin_popcount(part->bits & (bit - 1))
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

/* Add the weights of four features. They lie between -15 and -3 (labels/language.py), so four fit
   into 16 bits, of which a processor adds twice as many at a time. */
static void add_four(const int16_t *const *four, uint32_t n, int32_t *sums) {
    const int16_t *a = four[0], *b = four[1], *c = four[2], *d = four[3];
    for (uint32_t k = 0; k < n; k++)
        sums[k] += (int16_t)(a[k] + b[k] + c[k] + d[k]);
}

/* The probability of each language for what was seen of a sample. */
static Status weigh_languages(const Tables *t, Work *w, const Sample *sample,
                              double *probabilities) {
    const uint32_t n = t->n_languages;
    const size_t n_bytes = sample->end_key - sample->first_key;
    float scores[MAX_LANGUAGES], largest;
    int32_t once[MAX_LANGUAGES];
    double sum = 0;
    memset(scores, 0, n * sizeof *scores);
    memset(once, 0, n * sizeof *once);
    if (count_rows(w, sample->first_key, sample->end_key) != READ)
        return NO_MEMORY;
    for (size_t i = 0; i < w->n_counted; i++)
        for (uint32_t k = 0; k < n; k += LINE_WEIGHTS)
            __builtin_prefetch(t->language_weights + (size_t)w->counted[i].row * n + k);
    const int16_t *four[4];
    size_t n_waiting = 0;
    for (size_t i = 0; i < w->n_counted; i++) {
        const int16_t *weights = t->language_weights + (size_t)w->counted[i].row * n;
        float value = frequency(w->counted[i].count);
        /* Most are seen once: whole numbers add faster. */
        if (w->counted[i].count > 1) {
            for (uint32_t k = 0; k < n; k++)
                scores[k] += value * (float)weights[k];
            continue;
        }
        four[n_waiting++] = weights;
        if (n_waiting == 4) {
            add_four(four, n, once);
            n_waiting = 0;
        }
    }
    for (size_t i = 0; i < n_waiting; i++)
        for (uint32_t k = 0; k < n; k++)
            once[k] += four[i][k];
    for (uint32_t k = 0; k < n; k++)
        scores[k] = (scores[k] + frequency(1) * (float)once[k]) * t->language_unit;
    float temperature = n_bytes ? sqrtf((float)n_bytes) : 1.0f;
    for (uint32_t k = 0; k < n && w->n_counted; k++)
        scores[k] = (scores[k] + t->language_prior[k]) / temperature;
    largest = scores[0];
    for (uint32_t k = 1; k < n; k++)
        largest = scores[k] > largest ? scores[k] : largest;
    for (uint32_t k = 0; k < n; k++)
        sum += probabilities[k] =
            scores[k] - largest > NEGLIGIBLE ? expf(scores[k] - largest) : 0.0f;
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
    double most = 0;
    for (uint32_t k = 0; k < t->n_languages; k++)
        if ((best == NONE || probabilities[k] > most) &&
            (!only_supported || t->language_supported[k])) {
            best = k;
            most = probabilities[k];
        }
    return best;
}

/* Whether only Python can tell the language: the text must be composed or lower-cased first. Tells
   how many characters it has, too. */
static Status needs_python(const Tables *t, Work *w, const char *utf8, size_t n_bytes,
                           size_t *n_characters) {
    unsigned char any = 0, is_lower = 0, is_upper = 0;
    for (size_t i = 0; i < n_bytes; i++) {
        unsigned char byte = (unsigned char)utf8[i];
        any |= byte;
        is_lower |= (unsigned char)(byte - 'a') < 26;
        is_upper |= (unsigned char)(byte - 'A') < 26;
    }
    *n_characters = n_bytes;
    if (any >= 0x80) {
        Status status = read_text(t, w, utf8, n_bytes, 0);
        if (status != READ)
            return status;
        *n_characters = w->n_text;
        is_upper = (w->any_class & UPPER) != 0;
        is_lower = (w->any_class & LOWER) != 0;
    }
    return is_upper && !is_lower ? NEEDS_PYTHON : READ;
}

/* Prepare a text for its way; a short one is looked at by its beginning first. */
static Status begin_sample(const Tables *t, Work *w, const char *utf8, size_t n_bytes,
                           Sample *sample) {
    size_t n_characters, n_sample = end_of_characters(utf8, n_bytes, t->sample_characters);
    Status status = needs_python(t, w, utf8, n_sample, &n_characters);
    if (status != READ)
        return status;
    int is_glance = n_characters <= t->glance_limit && n_sample == n_bytes;
    const unsigned char *text = (const unsigned char *)utf8;
    size_t n_first = is_glance ? end_of_characters(utf8, n_bytes, t->glance_characters) : n_sample;
    *sample = (Sample){.at = text, .stop = text + n_first, .end = text + n_sample,
                       .row = t->language_first, .is_glance = (uint8_t)is_glance};
    return READ;
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
