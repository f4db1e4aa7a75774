#include "reading.h"

#include "hash.h"
#include "matching.h"

#include <stdlib.h>
#include <string.h>

static const uint32_t NUMBER_FORM[] = {'0'};
static const uint32_t UNITED_STATES_FORM[] = {'u', '.', 's', '.'};
static const uint32_t PRONOUN_FORM[] = {'u', 's'};

int grow(void **array, size_t *size, size_t n, size_t element) {
    if (n <= *size)
        return 1;
    size_t larger = n + n / 2 + 64;
    if (larger < n || larger > SIZE_MAX / element)
        return 0;
    void *moved = realloc(*array, larger * element);
    if (moved == NULL)
        return 0;
    *array = moved;
    *size = larger;
    return 1;
}

void work_free(Work *w) {
    void *all[] = {w->characters, w->lower, w->classes, w->tokens, w->items,   w->rest, w->concepts,
                   w->words,      w->found,  w->keys,   w->counted, w->seen, w->slots,
                   w->pairs};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
    memset(w, 0, sizeof *w);
}

static int room_for_text(Work *w, size_t n) {
    if (n <= w->size_text)
        return 1;
    void **arrays[] = {(void **)&w->characters, (void **)&w->lower, (void **)&w->classes,
                       (void **)&w->tokens,     (void **)&w->items, (void **)&w->rest,
                       (void **)&w->concepts};
    const size_t elements[] = {sizeof *w->characters, sizeof *w->lower, sizeof *w->classes,
                               sizeof *w->tokens,     sizeof *w->items, sizeof *w->rest,
                               sizeof *w->concepts};
    size_t size = 0;
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++) {
        size = w->size_text;
        if (!grow(arrays[i], &size, n, elements[i]))
            return 0;
    }
    w->size_text = size;
    return 1;
}

Status read_text(const Tables *t, Work *w, const char *utf8, size_t n_bytes, int is_composed) {
    const unsigned char *at = (const unsigned char *)utf8, *end = at + n_bytes;
    const size_t ascii = (size_t)t->char_page[0] * 256;
    uint32_t n = 0, n_letters = 0, n_spaces = 0;
    uint16_t any = 0;
    if (n_bytes >= UINT32_MAX / 4)
        return NEEDS_PYTHON;
    if (!room_for_text(w, n_bytes + 1))
        return NO_MEMORY;
    while (at < end) {
        uint32_t c = *at++;
        size_t index = ascii + c;
        if (c >= 0x80) {
            static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
            int n_more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
            if (c < 0xc2 || c > 0xf4 || end - at < n_more)
                return NEEDS_PYTHON;
            c &= 0x3f >> n_more;
            for (int i = 0; i < n_more; i++, at++) {
                if ((*at & 0xc0) != 0x80)
                    return NEEDS_PYTHON;
                c = c << 6 | (*at & 0x3f);
            }
            if (c < least[n_more] || c >> 11 == 0xd800 >> 11 || c >= 0x110000)
                return NEEDS_PYTHON; /* overlong, a surrogate, too large: Python refuses it */
            index = (size_t)t->char_page[c >> 8] * 256 + (c & 255);
        }
        uint16_t class = t->char_class[index];
        w->characters[n] = c;
        w->classes[n] = class;
        w->lower[n] = c + t->char_shift[index];
        any |= class;
        n_letters += class & LETTER; /* is 1 */
        n_spaces += (class & SPACE) / SPACE;
        n++;
    }
    /* A Chinese character counts twice (labels/world.py). */
    uint32_t n_han = 0;
    for (uint32_t i = 0; (any & HAN) && i < n; i++)
        n_han += (w->classes[i] & HAN) / HAN;
    w->n_text = n;
    w->any_class = any;
    w->n_letters = n_letters + n_han;
    w->n_marks = n - n_spaces + n_han;
    if ((any & CONTEXTUAL) || (!is_composed && (any & NOT_COMPOSED)))
        return NEEDS_PYTHON;
    return READ;
}

static uint32_t character(const Work *w, uint32_t i) {
    return i < w->n_text ? w->characters[i] : 0;
}

static uint16_t class_of(const Work *w, uint32_t i) { return i < w->n_text ? w->classes[i] : 0; }

static uint32_t after_space(const Work *w, uint32_t i) {
    return class_of(w, i) & SPACE ? i + 1 : i;
}

static uint32_t dotted(const Work *w, uint32_t i, uint32_t letter) {
    return character(w, i) == letter && character(w, i + 1) == '.' ? i + 2 : 0;
}

/* Where "U.S." or "U. S. A." ends that begins at i and is followed by no word; 0 if none does. */
static uint32_t end_of_us(const Work *w, uint32_t i) {
    uint32_t after_u = dotted(w, i, 'U');
    uint32_t after_s = after_u ? dotted(w, after_space(w, after_u), 'S') : 0;
    uint32_t after_a = after_s ? dotted(w, after_space(w, after_s), 'A') : 0;
    if (after_a && !(class_of(w, after_a) & WORD))
        return after_a;
    return after_s && !(class_of(w, after_s) & WORD) ? after_s : 0;
}

/* The same for "EE.UU.", whose last dot may be missing. */
static uint32_t end_of_eeuu(const Work *w, uint32_t i) {
    if (character(w, i) != 'E' || !dotted(w, i + 1, 'E'))
        return 0;
    i = after_space(w, i + 3);
    if (character(w, i) != 'U' || character(w, i + 1) != 'U')
        return 0;
    i += 2;
    if (character(w, i) == '.' && !(class_of(w, i + 1) & WORD))
        return i + 1;
    return class_of(w, i) & WORD ? 0 : i;
}

static int is_written(const Work *w, uint32_t start, uint32_t end, const char *letters) {
    uint32_t n = (uint32_t)strlen(letters);
    if (end - start != n)
        return 0;
    for (uint32_t i = 0; i < n; i++)
        if (w->characters[start + i] != (unsigned char)letters[i])
            return 0;
    return 1;
}

static int is_united_states(const Work *w, uint32_t start, uint32_t end) {
    if (w->characters[start] == 'U') {
        if (is_written(w, start, end, "US") || is_written(w, start, end, "USA"))
            return 1;
        uint32_t at = dotted(w, start, 'U');
        at = at ? dotted(w, after_space(w, at), 'S') : 0;
        if (at == 0 || at == end)
            return at != 0;
        at = dotted(w, after_space(w, at), 'A');
        return at != 0 && at == end;
    }
    if (is_written(w, start, end, "EUA") || is_written(w, start, end, "EEUU"))
        return 1;
    if (character(w, start) != 'E' || !dotted(w, start + 1, 'E'))
        return 0;
    uint32_t at = after_space(w, start + 3);
    if (character(w, at) != 'U' || character(w, at + 1) != 'U')
        return 0;
    return at + 2 == end || (character(w, at + 2) == '.' && at + 3 == end);
}

const uint32_t *chunk_form(const Work *w, uint32_t start, uint32_t end, uint32_t *n_form) {
    if (w->classes[start] & NUMERAL) {
        *n_form = 1;
        return NUMBER_FORM;
    }
    if ((w->characters[start] == 'U' || w->characters[start] == 'E') &&
        is_united_states(w, start, end)) {
        *n_form = 4;
        return UNITED_STATES_FORM;
    }
    *n_form = end - start;
    return w->lower + start;
}

static void add_token(Work *w, uint32_t start, uint32_t end, const uint32_t *form,
                      uint32_t n_form) {
    w->tokens[w->n_tokens++] = (Token){.start = start, .end = end, .form = form, .n_form = n_form};
}

/* Where the chunk ends that begins at i; i if none does. */
static uint32_t end_of_chunk(const Work *w, uint32_t i) {
    uint32_t c = w->characters[i], end = 0;
    uint16_t class = w->classes[i];
    if (c == 'U')
        end = end_of_us(w, i);
    else if (c == 'E')
        end = end_of_eeuu(w, i);
    if (end)
        return end;
    if (class & (LETTER | HAN)) { /* some places among the Chinese characters hold no letter */
        for (end = i; (class_of(w, end) & LETTER) && character(w, end + 1) == '.'; end += 2)
            ;
        if (end >= i + 4)
            return end;
        uint16_t is_han = class & HAN;
        for (end = i + 1;
             (class_of(w, end) & (LETTER | HAN)) && (class_of(w, end) & HAN) == is_han; end++)
            ;
        return end;
    }
    if (class & DIGIT) {
        for (end = i + 1; class_of(w, end) & DIGIT; end++)
            ;
        while ((character(w, end) == '.' || character(w, end) == ',') &&
               (class_of(w, end + 1) & DIGIT))
            for (end += 2; class_of(w, end) & DIGIT; end++)
                ;
        return end;
    }
    return c == '?' || c == '!' || c == '%' || c == 0xff1f || c == 0xff01 ? i + 1 : i;
}

static void cut(Work *w) {
    int is_shouted = !(w->any_class & LOWER);
    w->n_tokens = 0;
    for (uint32_t i = 0; i < w->n_text;) {
        uint32_t end = end_of_chunk(w, i), n_form;
        if (end == i) {
            i++;
            continue;
        }
        if (w->classes[i] & HAN) {
            for (uint32_t k = i; k < end; k++)
                add_token(w, k, k + 1, w->characters + k, 1);
        } else if (is_shouted && is_written(w, i, end, "US")) {
            add_token(w, i, end, PRONOUN_FORM, 2);
        } else {
            const uint32_t *form = chunk_form(w, i, end, &n_form);
            add_token(w, i, end, form, n_form);
        }
        i = end;
    }
}

static void make_items(const Tables *t, Work *w) {
    double place = 0.0;
    size_t next = 0;
    w->n_items = 0;
    for (uint32_t i = 0; i < w->n_tokens;) {
        const Token *token = &w->tokens[i];
        Item *item = &w->items[w->n_items++];
        *item = (Item){.start = token->start, .end = token->end, .value = w->concepts[i],
                       .stem = token->form, .n_stem = token->n_form,
                       .stem_hash = token->stem_hash, .place = place};
        if (next < w->n_found && w->found[next].token == i) {
            const Found *name = &w->found[next++];
            item->is_name = 1;
            item->value = name->value;
            item->end = w->tokens[i + name->n - 1].end;
            item->stem = t->text + t->value_marker[name->value];
            item->n_stem = t->value_marker[name->value + 1] - t->value_marker[name->value];
            item->stem_hash = hash_text(HASH_START, item->stem, item->n_stem);
            place += 1.0;
            i += name->n;
            continue;
        }
        if (item->n_stem > t->stem_length)
            item->n_stem = t->stem_length;
        item->is_han = (w->classes[token->start] & HAN) != 0;
        place += item->is_han ? t->han_width : 1.0;
        i++;
    }
}

Status read_items(const Tables *t, Work *w) {
    cut(w);
    Status status = find_words(t, w);
    if (status == READ)
        status = find_pairs(t, w);
    if (status == READ)
        status = find_names(t, w);
    if (status == READ)
        status = find_concepts(t, w);
    if (status == READ)
        make_items(t, w);
    return status;
}
