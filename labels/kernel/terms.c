#include "terms.h"
#include "hash.h"

static const uint32_t BLANK[] = {' '}, BEFORE[] = {' ', '>', ' '}, WITH[] = {' ', '&', ' '},
                      AND[] = {' ', '+', ' '}, OR[] = {'/'}, FIRST[] = {'^'}, LAST[] = {'$'},
                      NOBODY[] = {'n', 'o', 'b', 'o', 'd', 'y'};
#define LENGTH(text) (sizeof(text) / sizeof *(text))
#define APPEND(hash, text) hash_text(hash, text, LENGTH(text))

uint64_t term_key(uint32_t family, const uint32_t *text, uint32_t n) {
    return hash_key(hash_text(HASH_START, text, n), family);
}

static int emit(Work *w, uint32_t family, uint64_t hash) {
    if (!grow((void **)&w->keys, &w->size_keys, w->n_keys + 1, sizeof *w->keys))
        return 0;
    w->keys[w->n_keys++] = hash_key(hash, family);
    return 1;
}

static uint64_t add_sign(const Tables *t, uint64_t hash, uint32_t sign) {
    uint32_t start = t->sign_text[sign];
    return hash_text(hash, t->text + start, t->sign_text[sign + 1] - start);
}

static uint64_t add_stem(uint64_t hash, const Item *item) {
    return hash_text(hash, item->stem, item->n_stem);
}

/* The signs of an item, as a half-open range in value_signs. */
static uint32_t signs_of(const Tables *t, const Item *item, uint32_t *end) {
    *end = item->value == NONE ? 0 : t->value_start[item->value + 1];
    return item->value == NONE ? 0 : t->value_start[item->value];
}

static int has_signs(const Tables *t, const Item *item) {
    uint32_t end, start = signs_of(t, item, &end);
    return start < end;
}

static int word_terms(const Tables *t, Work *w) {
    (void)t;
    for (uint32_t i = 0; i < w->n_items; i++)
        if (!emit(w, WORD_FAMILY, w->items[i].stem_hash))
            return 0;
    w->n_single_words = w->n_items;
    for (uint32_t i = 1; i < w->n_items; i++) {
        uint64_t hash = APPEND(w->items[i - 1].stem_hash, BLANK);
        if (!emit(w, WORD_FAMILY, add_stem(hash, &w->items[i])))
            return 0;
    }
    return 1;
}

/* The pieces of a form between two blanks, or of bare Chinese characters. */
static int pieces(const Tables *t, Work *w, const uint32_t *text, uint32_t n, uint32_t padding) {
    uint32_t n_padded = n + 2 * padding;
    for (uint32_t i = 0; i < n_padded; i++) {
        uint64_t hash = HASH_START;
        for (uint32_t k = i; k < n_padded && k < i + t->longest_piece; k++) {
            int is_inside = k >= padding && k - padding < n;
            hash = hash_one(hash, is_inside ? text[k - padding] : ' ');
            if (k + 1 - i >= t->shortest_piece && !emit(w, CHARACTER, hash))
                return 0;
        }
    }
    return 1;
}

static int character_terms(const Tables *t, Work *w) {
    for (uint32_t i = 0; i < w->n_items;) {
        const Item *item = &w->items[i];
        uint32_t n_form, end = i + 1;
        if (item->is_name) {
            i = end;
            continue;
        }
        if (item->is_han) {
            while (end < w->n_items && w->items[end].is_han && !w->items[end].is_name &&
                   w->items[end].start == w->items[end - 1].end)
                end++;
            if (!pieces(t, w, w->characters + item->start, end - i, 0))
                return 0;
        } else {
            const uint32_t *form = chunk_form(w, item->start, item->end, &n_form);
            if (!pieces(t, w, form, n_form, 1))
                return 0;
        }
        i = end;
    }
    return 1;
}

static int near_terms(const Tables *t, Work *w) {
    for (uint32_t i = 0; i < w->n_items; i++) {
        const Item *a = &w->items[i];
        for (uint32_t k = i + 1; k < w->n_items && w->items[k].place <= a->place + t->window; k++) {
            const Item *b = &w->items[k];
            uint32_t end, name;
            if (a->is_name == b->is_name)
                continue;
            name = signs_of(t, a->is_name ? a : b, &end);
            for (; name < end; name++) {
                uint64_t hash = a->is_name ? add_sign(t, HASH_START, t->value_signs[name])
                                           : a->stem_hash;
                hash = APPEND(hash, BEFORE);
                hash = b->is_name ? add_sign(t, hash, t->value_signs[name]) : add_stem(hash, b);
                if (!emit(w, NEAR, hash))
                    return 0;
            }
        }
    }
    return 1;
}

static int concept_terms(const Tables *t, Work *w) {
    for (uint32_t i = 0; i < w->n_items; i++) {
        uint32_t end, sign = signs_of(t, &w->items[i], &end);
        for (; sign < end; sign++)
            if (!emit(w, CONCEPT, add_sign(t, HASH_START, t->value_signs[sign])))
                return 0;
    }
    return 1;
}

static int pair_terms(const Tables *t, Work *w) {
    for (uint32_t i = 0; i < w->n_items; i++) {
        uint32_t end_a, start_a = signs_of(t, &w->items[i], &end_a);
        double limit = w->items[i].place + t->window;
        if (start_a == end_a)
            continue;
        for (uint32_t k = i + 1; k < w->n_items && w->items[k].place <= limit; k++) {
            uint32_t end_b, start_b = signs_of(t, &w->items[k], &end_b);
            for (uint32_t a = start_a; a < end_a; a++)
                for (uint32_t b = start_b; b < end_b; b++) {
                    uint64_t hash = add_sign(t, HASH_START, t->value_signs[a]);
                    if (!emit(w, PAIR, add_sign(t, APPEND(hash, BEFORE), t->value_signs[b])))
                        return 0;
                }
        }
    }
    return 1;
}

/* The names of the sides that are present, else of the third parties in order of the alphabet. */
static uint64_t who(const Tables *t, uint64_t present) {
    uint64_t hash = HASH_START;
    uint64_t sides = t->n_sides < 64 ? ((uint64_t)1 << t->n_sides) - 1 : UINT64_MAX;
    int is_first = 1;
    if (present == 0)
        return APPEND(hash, NOBODY);
    for (uint32_t i = 0; i < t->n_names; i++) {
        uint32_t name = present & sides ? i : t->names_sorted[i];
        if (!(present >> name & 1) || (present & sides && !(sides >> name & 1)))
            continue;
        hash = is_first ? hash : APPEND(hash, AND);
        hash = add_sign(t, hash, name);
        is_first = 0;
    }
    return hash;
}

static int presence_terms(const Tables *t, Work *w) {
    uint64_t name = who(t, names_present(t, w));
    if (!emit(w, PRESENCE, name))
        return 0;
    for (uint32_t i = 0; i < w->n_items; i++) {
        uint32_t end, sign = signs_of(t, &w->items[i], &end);
        for (; sign < end && !w->items[i].is_name; sign++) {
            uint32_t concept = t->value_signs[sign];
            if (w->seen[concept] == w->sentence)
                continue;
            w->seen[concept] = w->sentence;
            if (!emit(w, PRESENCE, add_sign(t, APPEND(name, WITH), concept)))
                return 0;
        }
    }
    return 1;
}

static uint64_t add_signs(const Tables *t, uint64_t hash, const Item *item) {
    uint32_t end, start = signs_of(t, item, &end);
    for (uint32_t sign = start; sign < end; sign++) {
        hash = sign > start ? APPEND(hash, OR) : hash;
        hash = add_sign(t, hash, t->value_signs[sign]);
    }
    return hash;
}

/* Two and three in a row of: a beginning, the items with signs, an end. */
static int order_terms(const Tables *t, Work *w) {
    uint64_t two = APPEND(HASH_START, FIRST), three = 0;
    int has_three = 0;
    for (uint32_t i = 0; i <= w->n_items; i++) {
        if (i < w->n_items && !has_signs(t, &w->items[i]))
            continue;
        uint64_t row[3] = {HASH_START, APPEND(two, BLANK), APPEND(three, BLANK)};
        for (int k = 0; k < 3; k++)
            row[k] = i < w->n_items ? add_signs(t, row[k], &w->items[i]) : APPEND(row[k], LAST);
        if (!emit(w, ORDER, row[1]) || (has_three && !emit(w, ORDER, row[2])))
            return 0;
        two = row[0];
        three = row[1];
        has_three = 1;
    }
    return 1;
}

uint64_t names_present(const Tables *t, const Work *w) {
    uint64_t present = 0;
    for (uint32_t i = 0; i < w->n_items; i++) {
        uint32_t end, name = signs_of(t, &w->items[i], &end);
        for (; name < end && w->items[i].is_name; name++)
            present |= (uint64_t)1 << t->value_signs[name];
    }
    return present;
}

Status make_keys(const Tables *t, Work *w) {
    static int (*const makers[N_FAMILIES])(const Tables *, Work *) = {
        [WORD_FAMILY] = word_terms, [CHARACTER] = character_terms, [NEAR] = near_terms,
        [CONCEPT] = concept_terms,  [PAIR] = pair_terms,           [PRESENCE] = presence_terms,
        [ORDER] = order_terms,
    };
    w->n_keys = w->n_single_words = 0;
    for (uint32_t f = 0; f < t->n_families; f++) {
        w->family_keys[f] = w->n_keys;
        if (!makers[t->families[f]](t, w))
            return NO_MEMORY;
    }
    w->family_keys[t->n_families] = w->n_keys;
    return READ;
}
