#include "count.h"
#include "score.h"

#include <stdlib.h>
#include <string.h>

void terms_free(Terms *terms) {
    void *all[] = {terms->slots,    terms->text,    terms->ends,
                   terms->families, terms->numbers, terms->spelled.text};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
    memset(terms, 0, sizeof *terms);
}

static Slot *slot_of(Slot *slots, size_t n_slots, uint64_t key) {
    size_t i = key & (n_slots - 1);
    while (slots[i].key != 0 && slots[i].key != key)
        i = (i + 1) & (n_slots - 1);
    return &slots[i];
}

static int room_for_terms(Terms *terms, size_t n_new) {
    size_t n = terms->n_terms + n_new, n_slots = terms->n_slots ? terms->n_slots : 1024;
    if (n >= NONE || n > SIZE_MAX / 4 / sizeof(Slot))
        return 0;
    while (n_slots < 2 * n)
        n_slots *= 2;
    if (n_slots == terms->n_slots)
        return 1;
    Slot *slots = calloc(n_slots, sizeof *slots);
    if (slots == NULL)
        return 0;
    for (size_t i = 0; i < terms->n_slots; i++)
        if (terms->slots[i].key != 0)
            *slot_of(slots, n_slots, terms->slots[i].key) = terms->slots[i];
    free(terms->slots);
    terms->slots = slots;
    terms->n_slots = n_slots;
    return 1;
}

static uint32_t number_of(Terms *terms, uint64_t key) {
    Slot *slot = slot_of(terms->slots, terms->n_slots, key);
    if (slot->key == 0)
        *slot = (Slot){key, terms->n_terms++};
    return (uint32_t)slot->number;
}

static int add_name(Terms *terms, uint32_t number, uint32_t family, uint64_t spelling) {
    size_t n = (uint32_t)spelling, end = terms->n_text + n;
    if (!grow((void **)&terms->text, &terms->size_text, end, sizeof *terms->text) ||
        !grow((void **)&terms->ends, &terms->size_ends, number + 1u, sizeof *terms->ends) ||
        !grow((void **)&terms->families, &terms->size_families, number + 1u, 1))
        return 0;
    for (size_t i = 0; i < n; i++)
        terms->text[terms->n_text + i] = terms->spelled.text[(spelling >> 32) + i];
    terms->n_text = end;
    terms->ends[number] = end;
    terms->families[number] = (uint8_t)family;
    return 1;
}

/* Name the terms from a number on that a text, read last, is the first to hold. */
static Status name_terms(const Tables *t, Work *w, Terms *terms, const uint32_t *numbers,
                         uint32_t next) {
    if (!begin_sentence(t, w) || spell_terms(t, w, &terms->spelled) != READ)
        return NO_MEMORY;
    for (uint32_t f = 0; f < t->n_families; f++)
        for (size_t i = w->family_keys[f]; i < w->family_keys[f + 1]; i++)
            /* Numbers were given in this order. */
            if (numbers[i] == next && !add_name(terms, next++, t->families[f], w->keys[i]))
                return NO_MEMORY;
    return READ;
}

Status count_text(const Tables *t, Work *w, Terms *terms, const char *utf8, size_t n_bytes,
                  int is_composed) {
    Status status = read_keys(t, w, utf8, n_bytes, is_composed);
    if (status != READ)
        return status;
    if (!room_for_terms(terms, w->n_keys) ||
        !grow((void **)&terms->numbers, &terms->size_numbers, terms->n_numbers + w->n_keys,
              sizeof *terms->numbers))
        return NO_MEMORY;
    uint32_t *numbers = terms->numbers + terms->n_numbers, n_before = terms->n_terms;
    for (size_t i = 0; i < w->n_keys; i++)
        numbers[i] = number_of(terms, w->keys[i]);
    terms->n_numbers += w->n_keys;
    return terms->n_terms > n_before ? name_terms(t, w, terms, numbers, n_before) : READ;
}
