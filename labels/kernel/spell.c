#include "spell.h"
#include "hash.h"

/* Of the running call: the makers of terms.c hand a hash on, and nothing beside it. */
static _Thread_local Spelled *spelled;

/* Append to a spelling: in place where it is the last one, else to a copy, so that others that
   begin with it stay. */
static uint64_t spell_text(uint64_t spelling, const uint32_t *text, uint32_t n) {
    size_t start = spelling >> 32, length = (uint32_t)spelling;
    size_t first = start + length == spelled->n ? start : spelled->n;
    size_t end = first + length + n;
    if (end > UINT32_MAX ||
        !grow((void **)&spelled->text, &spelled->size, end, sizeof *spelled->text)) {
        spelled->is_out_of_memory = 1;
        return 0;
    }
    for (size_t i = 0; i < length && first != start; i++)
        spelled->text[first + i] = spelled->text[start + i];
    for (size_t i = 0; i < n; i++)
        spelled->text[first + length + i] = text[i];
    spelled->n = end;
    return (uint64_t)first << 32 | (length + n);
}

/* terms.c once more, over spellings in place of hashes, so that which terms there are is written
   once. It makes keys with these alone. */
#undef HASH_START
#define HASH_START 0
#define hash_one(spelling, character) spell_text(spelling, &(uint32_t){character}, 1)
#define hash_text spell_text
#define hash_key(spelling, family) ((void)(family), (spelling))
#define make_keys make_spellings
#define term_key spell_term
#define names_present find_names_present
static Status make_keys(const Tables *t, Work *w);
static uint64_t names_present(const Tables *t, const Work *w);
#include "terms.c"

Status spell_terms(const Tables *t, Work *w, Spelled *to) {
    spelled = to;
    to->n = 0;
    to->is_out_of_memory = 0;
    for (uint32_t i = 0; i < w->n_items; i++)
        w->items[i].stem_hash = spell_text(HASH_START, w->items[i].stem, w->items[i].n_stem);
    Status status = make_spellings(t, w);
    return to->is_out_of_memory ? NO_MEMORY : status;
}
