/* Throws texts and damaged arrays at the kernel, built with AddressSanitizer and UBSan, which end
   the program at the first wrong step. Input i depends on the seed and on i alone:

   fuzz texts|arrays ARRAYS TEXTS SEED FIRST N

   `texts`: hostile texts, sound arrays; an answer must be a number and the same from a workspace
   that was used before as from a new one, and every term be called what its key was made of.
   `arrays`: damaged arrays, which tables_open refuses or which are harmless. __main__.py writes the
   two files. */
#include "count.h"
#include "fuzz.h"
#include "language.h"
#include "score.h"

#include <math.h>
#include <signal.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#define SECONDS 20 /* of processor time that no input may take */
#define TEXTS_OF_ARRAYS 8
#define N_BESIDE 11

static uint64_t seed;
static size_t input;

static void tell_input(void) {
    fprintf(stderr, "the input was number %zu of seed %llu\n", input, (unsigned long long)seed);
}

void fail(const char *problem) {
    fprintf(stderr, "%s\n", problem);
    tell_input();
    abort();
}

static void too_slow(int signal) {
    (void)signal;
    fail("an input takes too long");
}

static void start_clock(void) {
    const struct itimerval limit = {.it_value = {.tv_sec = SECONDS}};
    setitimer(ITIMER_PROF, &limit, NULL);
}

void *need(void *memory) {
    if (memory == NULL)
        fail("no memory");
    return memory;
}

/* Forbid what lies beyond the last character and token in arrays with room for more, or allow it. */
static void guard(const Work *w, int is_forbidden) {
    const struct {
        void *array;
        size_t size, n;
    } all[] = {{w->characters, sizeof *w->characters, w->n_text},
               {w->lower, sizeof *w->lower, w->n_text},
               {w->classes, sizeof *w->classes, w->n_text},
               {w->tokens, sizeof *w->tokens, w->n_tokens},
               {w->items, sizeof *w->items, w->n_tokens},
               {w->rest, sizeof *w->rest, w->n_tokens},
               {w->concepts, sizeof *w->concepts, w->n_tokens}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char *start = (char *)all[i].array + all[i].n * all[i].size;
        size_t n = (w->size_text - all[i].n) * all[i].size;
        is_forbidden ? ASAN_POISON_MEMORY_REGION(start, n) : ASAN_UNPOISON_MEMORY_REGION(start, n);
    }
}

static void score(const Tables *t, Work *w, const char *utf8, size_t n, int is_composed,
                  double *logits, Answer *answer) {
    memset(answer, 0, sizeof *answer);
    if (read_text(t, w, utf8, n, is_composed) != READ)
        return;
    w->n_tokens = w->n_text; /* until the tokens are counted */
    guard(w, 1);
    if (read_items(t, w) != READ)
        fail("no memory");
    guard(w, 0);
    guard(w, 1);
    if (score_text(t, w, utf8, n, is_composed, logits, answer) == NO_MEMORY)
        fail("no memory");
    guard(w, 0);
    for (uint32_t i = 0; i < t->n_labels; i++)
        if (!isfinite(logits[i]))
            fail("a logit is not finite");
    if (!(answer->known >= 0 && answer->known <= 1) || answer->outside > UNKNOWN_WORDS)
        fail("an answer is impossible");
    if (t->n_names < 64 && answer->named >> t->n_names)
        fail("a name is no name");
}

/* Count a text twice: the second time no term is new, and each is called what its key was made of. */
static void count(const Tables *t, Work *w, const char *utf8, size_t n, int is_composed) {
    Terms terms = {0};
    Status status = count_text(t, w, &terms, utf8, n, is_composed);
    uint32_t n_terms = terms.n_terms;
    size_t n_once = terms.n_numbers;
    if (status == NO_MEMORY || count_text(t, w, &terms, utf8, n, is_composed) != status)
        fail("no memory");
    if (terms.n_terms != n_terms || terms.n_numbers != 2 * n_once)
        fail("a text holds other terms when it is read again");
    for (size_t i = 0; i < n_once; i++) {
        uint32_t number = terms.numbers[i];
        uint64_t start = number ? terms.ends[number - 1] : 0;
        uint32_t length = (uint32_t)(terms.ends[number] - start);
        if (terms.numbers[n_once + i] != number ||
            term_key(terms.families[number], terms.text + start, length) != w->keys[i])
            fail("a term is called what it is not");
    }
    terms_free(&terms);
}

/* The language of a text alone, and among beginnings of it, of all lengths down to nothing. */
static void tell_language(const Tables *t, Work *w, const char *utf8, size_t n) {
    const char *texts[N_BESIDE];
    size_t sizes[N_BESIDE];
    int32_t alone, languages[N_BESIDE];
    for (size_t i = 0; i < N_BESIDE; i++) {
        texts[i] = utf8;
        sizes[i] = i % 3 ? n : below(n + 1);
    }
    if (identify(t, w, &utf8, &n, 1, &alone) != READ ||
        identify(t, w, texts, sizes, N_BESIDE, languages) != READ)
        fail("no memory");
    for (size_t i = 0; i < N_BESIDE; i++)
        if (languages[i] < ONLY_PYTHON || languages[i] >= (int32_t)t->n_languages)
            fail("a language is none");
    for (size_t i = 0; i < N_BESIDE; i++)
        if (i % 3 && languages[i] != alone)
            fail("a language depends on the texts beside");
}

static void try_text(const Tables *t, Work *w) {
    char *utf8 = need(malloc(n_text)); /* of exactly this size */
    double *logits = need(calloc(2 * t->n_labels + 1, sizeof *logits));
    int is_composed = (int)below(2);
    Answer answer, again;
    memcpy(utf8, text, n_text);
    score(t, w, utf8, n_text, is_composed, logits, &answer);
    /* Both take many times as long as the scores. */
    if (input % 8 == 0)
        count(t, w, utf8, n_text, is_composed);
    if (input % 8 == 1 && t->n_languages != 0)
        tell_language(t, w, utf8, n_text);
    if (input % 64 == 0) {
        Work new = {0};
        score(t, &new, utf8, n_text, is_composed, logits + t->n_labels, &again);
        if (memcmp(logits, logits + t->n_labels, t->n_labels * sizeof *logits) != 0 ||
            answer.known != again.known || answer.named != again.named ||
            answer.outside != again.outside)
            fail("an answer depends on the text before");
        work_free(&new);
    }
    free(logits);
    free(utf8);
}

static Array damaged[MAX_ARRAYS];
static struct {
    void *at, *old;
    size_t n;
} changes[8];
static size_t n_changes;

static uint64_t any_number(const Array *array) {
    uint64_t number = 0;
    if (below(2)) /* one that stands somewhere in the array, or next to it */
        memcpy(&number, (const char *)array->data + below(array->size / array->item) * array->item,
               array->item);
    switch (below(5)) {
    case 0:
        return number + 1;
    case 1:
        return number - 1;
    case 2:
        return array->size / array->item;
    case 3:
        return any() >> below(64);
    default:
        return below(2) ? UINT64_MAX : number;
    }
}

/* Keep n bytes, to put them back. */
static void will_change(void *at, size_t n) {
    changes[n_changes].at = at;
    changes[n_changes].n = n;
    changes[n_changes].old = need(malloc(n));
    memcpy(changes[n_changes++].old, at, n);
}

/* One number, a few in a row, or all of them by numbers below a limit. */
static void overwrite(const Array *array) {
    uint64_t number = any_number(array);
    size_t n_all = array->size / array->item, kind = below(16);
    size_t first = kind ? below(n_all) : 0, n = kind > 3 ? 1 : kind ? below(n_all - first) : n_all;
    n = kind && n > 16 ? 16 : n;
    char *at = (char *)array->data + first * array->item;
    will_change(at, n * array->item);
    for (size_t i = 0; i < n; i++, at += array->item) {
        uint64_t one = kind || !number ? number : below(number);
        memcpy(at, &one, array->item);
    }
}

static void damage(void) {
    Array *array = &damaged[below(n_arrays)], *other = &damaged[below(n_arrays)], kept = *array;
    size_t n = below(array->size + 1);
    n -= below(8) ? n % 8 : 0;
    switch (below(10)) {
    case 0:
        array->size = n;
        break;
    case 1:
        array->data = (const char *)array->data + n;
        array->size -= n;
        break;
    case 2:
        *array = (Array){kept.name, other->data, other->size, below(8) ? kept.item : other->item};
        *other = (Array){other->name, kept.data, kept.size, below(8) ? other->item : kept.item};
        break;
    case 3:
        array->name = "gone";
        break;
    default:
        if (array->size >= array->item)
            overwrite(array);
    }
}

static void forbid_the_rest(int is_forbidden) { /* of arrays that were cut */
    for (size_t i = 0; i < n_arrays; i++)
        is_forbidden ? ASAN_POISON_MEMORY_REGION(arrays[i].data, arrays[i].size)
                     : ASAN_UNPOISON_MEMORY_REGION(arrays[i].data, arrays[i].size);
    for (size_t i = 0; i < n_arrays && is_forbidden; i++)
        ASAN_UNPOISON_MEMORY_REGION(damaged[i].data, damaged[i].size);
}

/* Whether the arrays were refused. */
static int try_arrays(void) {
    Work work = {0};
    Tables tables;
    memcpy(damaged, arrays, sizeof damaged);
    for (size_t left = 1 + below(3); left > 0; left--)
        damage();
    forbid_the_rest(1);
    int is_refused = tables_open(&tables, damaged, n_arrays) != NULL;
    for (size_t left = is_refused ? 0 : TEXTS_OF_ARRAYS; left > 0; left--) {
        make_text();
        n_text = n_text < 2000 ? n_text : 2000;
        try_text(&tables, &work);
    }
    work_free(&work);
    forbid_the_rest(0);
    while (n_changes > 0) {
        n_changes--;
        memcpy(changes[n_changes].at, changes[n_changes].old, changes[n_changes].n);
        free(changes[n_changes].old);
    }
    return is_refused;
}

int main(int n_args, char **args) {
    Work work = {0};
    Tables tables;
    size_t n_refused = 0;
    if (n_args != 7)
        fail("usage: fuzz texts|arrays ARRAYS TEXTS SEED FIRST N");
    int are_texts = strcmp(args[1], "texts") == 0;
    size_t first = strtoull(args[5], NULL, 10), n = strtoull(args[6], NULL, 10);
    read_files(args[2], args[3]);
    seed = strtoull(args[4], NULL, 10);
    __sanitizer_set_death_callback(tell_input);
    signal(SIGPROF, too_slow);
    const char *problem = tables_open(&tables, arrays, n_arrays);
    if (problem != NULL)
        fail(problem);
    for (input = first; input < first + n; input++) {
        state = seed * 0xff51afd7ed558ccdu ^ input * 0xc4ceb9fe1a85ec53u;
        if (!are_texts || input % 1024 == 0)
            start_clock();
        if (!are_texts) {
            n_refused += (size_t)try_arrays();
            continue;
        }
        make_text();
        try_text(&tables, &work);
        if (work.size_text > MAX_TEXT / 4) /* a later text must not hide in its room */
            work_free(&work);
    }
    if (are_texts)
        printf("%zu texts: no fault\n", n);
    else
        printf("%zu damaged sets of arrays, %zu refused: no fault\n", n, n_refused);
    work_free(&work);
    return 0;
}
