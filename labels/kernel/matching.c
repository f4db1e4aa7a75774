#include "matching.h"

#include <string.h>

#include "hash.h"

/* Make the keys of what a token can be: the whole word, then its beginnings, longest first. Keeps
   those that may be lexicon words, without a branch, which no processor could foresee. */
static void find_candidates(const Tables *t, Work *w, Token *token) {
    uint64_t hash = HASH_START, stem_hash = HASH_START, beginnings[64], key;
    uint32_t n = token->n_form, n_beginnings = 0;
    for (uint32_t k = 1; k <= n; k++) {
        hash = hash_one(hash, token->form[k - 1]);
        stem_hash = k <= t->stem_length ? hash : stem_hash;
        beginnings[n_beginnings] = hash;
        n_beginnings += k < 64 ? t->beginning_lengths >> k & 1 : 0;
    }
    token->stem_hash = stem_hash;
    token->first_word = (uint32_t)w->n_keys;
    w->keys[w->n_keys] = key = hash_key(hash, WHOLE_WORD);
    w->n_keys += filter_passes(t->word_filter, t->word_filter_mask, key);
    while (n_beginnings > 0) {
        w->keys[w->n_keys] = key = hash_key(beginnings[--n_beginnings], BEGINNING);
        w->n_keys += filter_passes(t->word_filter, t->word_filter_mask, key);
    }
    token->n_words = (uint32_t)w->n_keys - token->first_word;
    for (size_t k = token->first_word; k < w->n_keys; k++)
        __builtin_prefetch(&t->word_slots[(uint32_t)w->keys[k] & t->word_mask]);
}

Status find_words(const Tables *t, Work *w) {
    w->n_words = w->n_keys = 0;
    for (uint32_t i = 0; i < w->n_tokens; i++) {
        /* One whole word, a beginning for each bit of beginning_lengths, and one not kept. */
        if (!grow((void **)&w->keys, &w->size_keys, w->n_keys + 65, sizeof *w->keys))
            return NO_MEMORY;
        find_candidates(t, w, &w->tokens[i]);
    }
    if (!grow((void **)&w->words, &w->size_words, w->n_keys, sizeof *w->words))
        return NO_MEMORY;
    for (uint32_t i = 0; i < w->n_tokens; i++) {
        Token *token = &w->tokens[i];
        uint32_t first = token->first_word, end = first + token->n_words;
        token->first_word = (uint32_t)w->n_words;
        token->starts = 0;
        for (uint32_t k = first; k < end; k++) {
            uint32_t word = hash_find(t->word_slots, t->word_mask, w->keys[k]);
            if (word != NONE) {
                w->words[w->n_words++] = word;
                token->starts |= t->word_starts[word];
                __builtin_prefetch(&t->single_start[word]);
            }
        }
        token->n_words = (uint32_t)w->n_words - token->first_word;
    }
    return READ;
}

/* Add what may be the first two words of phrases, one token behind the other, and have the slots
   fetched. */
static int add_pairs(const Tables *t, Work *w, const Token *first, const Token *second) {
    size_t most = (size_t)first->n_words * second->n_words;
    if (!grow((void **)&w->pairs, &w->size_pairs, w->n_pairs + most, sizeof *w->pairs))
        return 0;
    for (uint32_t i = 0; i < first->n_words; i++) {
        uint32_t a = w->words[first->first_word + i];
        if (!(t->word_starts[a] & (NAME_PHRASE | CONCEPT_PHRASE)))
            continue;
        for (uint32_t k = 0; k < second->n_words; k++) {
            uint32_t b = w->words[second->first_word + k];
            uint64_t key = pair_key(a, b);
            if (!filter_passes(t->pair_filter, t->pair_filter_mask, key))
                continue;
            __builtin_prefetch(&t->pair_slots[(uint32_t)key & t->pair_mask]);
            w->pairs[w->n_pairs++] = (Pair){.key = key, .first = i, .second = b};
        }
    }
    return 1;
}

/* Look up pairs; keep those that begin a phrase, from `to` on. Returns where they end. */
static size_t look_up_pairs(const Tables *t, Work *w, size_t start, size_t end, size_t to) {
    for (size_t i = start; i < end; i++) {
        Pair pair = w->pairs[i];
        pair.number = hash_find(t->pair_slots, t->pair_mask, pair.key);
        if (pair.number == NONE)
            continue;
        w->pairs[to++] = pair;
        if (t->pair_start[pair.number] < t->pair_start[pair.number + 1])
            __builtin_prefetch(&t->entries[t->pair_entries[t->pair_start[pair.number]]]);
    }
    return to;
}

Status find_pairs(const Tables *t, Work *w) {
    size_t n = 0;
    w->n_pairs = 0;
    for (uint32_t i = 0; i < w->n_tokens; i++) {
        Token *token = &w->tokens[i];
        for (uint32_t k = 0; k < token->n_words; k++)
            __builtin_prefetch(&t->entries[t->single_start[w->words[token->first_word + k]]]);
        token->first_pair = w->n_pairs;
        if (i + 1 < w->n_tokens && !add_pairs(t, w, token, token + 1))
            return NO_MEMORY;
        token->n_pairs = w->n_pairs - token->first_pair;
    }
    for (uint32_t i = 0; i < w->n_tokens; i++) {
        Token *token = &w->tokens[i];
        size_t start = token->first_pair;
        token->first_pair = n;
        n = look_up_pairs(t, w, start, start + token->n_pairs, n);
        token->n_pairs = n - token->first_pair;
    }
    w->n_pairs = n;
    return READ;
}

static int has_case(const Tables *t, const Work *w, const Token *token, const EntryWord *word) {
    if (word->case_rule == ANY_CASE)
        return 1;
    if (word->case_rule == INITIAL_CASE)
        return (w->classes[token->start] & UPPER) != 0;
    return word->n_written <= token->end - token->start &&
           memcmp(w->characters + token->start, t->text + word->written,
                  word->n_written * sizeof *t->text) == 0;
}

static int can_be(const Tables *t, const Work *w, const Token *token, const EntryWord *word) {
    for (uint32_t i = 0; i < token->n_words; i++)
        if (w->words[token->first_word + i] == word->word)
            return has_case(t, w, token, word);
    return 0;
}

typedef struct {
    const Entry *entry;
    int second_is_open;
    uint32_t first; /* which of the first token's words */
} Best;

/* Of two phrases the longer; of equal ones that whose second word is whole, then whose first word
   is whole or longer, then the earlier entry. */
static int is_better(const Best *new, const Best *old) {
    if (old->entry == NULL || new->entry->n_words != old->entry->n_words)
        return old->entry == NULL || new->entry->n_words > old->entry->n_words;
    if (new->second_is_open != old->second_is_open)
        return old->second_is_open;
    return new->first == old->first && new->entry < old->entry;
}

/* Find, per matcher, the best phrase that begins at a place of a sequence of tokens. */
static Status match_phrases(const Tables *t, Work *w, const uint32_t *sequence, uint32_t n,
                            uint32_t at, uint8_t kind, Best *best, const uint32_t *ends) {
    const Token *first = &w->tokens[sequence[at]], *second = &w->tokens[sequence[at + 1]];
    size_t start = first->first_pair, end = start + first->n_pairs;
    if (second != first + 1) { /* names stood between them */
        start = end = w->n_pairs;
        if (!add_pairs(t, w, first, second))
            return NO_MEMORY;
        end = look_up_pairs(t, w, start, w->n_pairs, start);
        w->n_pairs = start;
    }
    for (size_t i = start; i < end; i++) {
        const Pair *pair = &w->pairs[i];
        int is_open = t->word_open[pair->second];
        uint32_t last = t->pair_start[pair->number + 1];
        for (uint32_t e = t->pair_start[pair->number]; e < last; e++) {
            const Entry *entry = &t->entries[t->pair_entries[e]];
            Best new = {entry, is_open, pair->first};
            if ((entry->matcher == 0) != (kind == NAME_PHRASE) || ends[entry->matcher] > at ||
                entry->n_words > n - at || !is_better(&new, &best[entry->matcher]))
                continue;
            uint32_t word = 0;
            while (word < entry->n_words && can_be(t, w, &w->tokens[sequence[at + word]],
                                                   &t->entry_words[entry->first_word + word]))
                word++;
            if (word == entry->n_words)
                best[entry->matcher] = new;
        }
    }
    return READ;
}

/* The same for single words: of a token's words the first that is an entry. */
static void match_singles(const Tables *t, const Work *w, uint32_t number, uint32_t at,
                          uint8_t kind, Best *best, const uint32_t *ends) {
    const Token *token = &w->tokens[number];
    for (uint32_t i = 0; i < token->n_words; i++) {
        uint32_t word = w->words[token->first_word + i];
        if (!(t->word_starts[word] & kind))
            continue;
        for (uint32_t e = t->single_start[word]; e < t->single_start[word + 1]; e++) {
            const Entry *entry = &t->entries[e];
            if ((entry->matcher == 0) == (kind == NAME_SINGLE) &&
                best[entry->matcher].entry == NULL && ends[entry->matcher] <= at &&
                (!entry->is_cased || has_case(t, w, token, &t->entry_words[entry->first_word])))
                best[entry->matcher].entry = entry;
        }
    }
}

static int add_found(Work *w, uint32_t token, const Entry *entry) {
    if (!grow((void **)&w->found, &w->size_found, w->n_found + 1, sizeof *w->found))
        return 0;
    w->found[w->n_found++] = (Found){token, entry->matcher, entry->n_words, entry->value};
    return 1;
}

Status find_names(const Tables *t, Work *w) {
    static const uint32_t no_ends[MAX_MATCHERS];
    w->n_found = w->n_rest = 0;
    /* All tokens in order, for matching: the front of `concepts` is free until classes are found. */
    for (uint32_t i = 0; i < w->n_tokens; i++)
        w->concepts[i] = i;
    for (uint32_t i = 0; i < w->n_tokens;) {
        uint8_t kinds = w->tokens[i].starts;
        Best best = {NULL, 0, 0};
        if ((kinds & NAME_PHRASE) && i + 1 < w->n_tokens) {
            Best all[MAX_MATCHERS] = {{NULL, 0, 0}};
            if (match_phrases(t, w, w->concepts, w->n_tokens, i, NAME_PHRASE, all, no_ends) != READ)
                return NO_MEMORY;
            best = all[0];
        }
        if ((kinds & NAME_SINGLE) && best.entry == NULL)
            match_singles(t, w, i, i, NAME_SINGLE, &best, no_ends);
        uint32_t n = best.entry ? best.entry->n_words : 1;
        int is_name = best.entry && t->value_start[best.entry->value] <
                                        t->value_start[best.entry->value + 1];
        if (is_name && !add_found(w, i, best.entry))
            return NO_MEMORY;
        for (uint32_t k = 0; k < n && !is_name; k++)
            w->rest[w->n_rest++] = i + k;
        i += n;
    }
    return READ;
}

Status find_concepts(const Tables *t, Work *w) {
    uint32_t covered[MAX_MATCHERS] = {0}, ends[MAX_MATCHERS] = {0}, most = 0;
    size_t n_names = w->n_found;
    for (uint32_t i = 0; i < w->n_rest; i++) {
        uint8_t kinds = w->tokens[w->rest[i]].starts;
        if (!(kinds & (CONCEPT_SINGLE | CONCEPT_PHRASE)))
            continue;
        Best best[MAX_MATCHERS];
        memset(best, 0, t->n_matchers * sizeof *best);
        if ((kinds & CONCEPT_PHRASE) && i + 1 < w->n_rest &&
            match_phrases(t, w, w->rest, w->n_rest, i, CONCEPT_PHRASE, best, ends) != READ)
            return NO_MEMORY;
        if (kinds & CONCEPT_SINGLE)
            match_singles(t, w, w->rest[i], i, CONCEPT_SINGLE, best, ends);
        for (uint32_t m = 1; m < t->n_matchers; m++)
            if (best[m].entry != NULL) {
                if (!add_found(w, w->rest[i], best[m].entry))
                    return NO_MEMORY;
                covered[m] += best[m].entry->n_words;
                ends[m] = i + best[m].entry->n_words;
                if (covered[m] > most)
                    most = covered[m];
            }
    }
    for (uint32_t i = 0; i < w->n_tokens; i++)
        w->concepts[i] = NONE;
    /* Entries of one token stand in the order of their languages: the last one holds. */
    for (size_t i = n_names; i < w->n_found; i++)
        if (covered[w->found[i].matcher] == most)
            w->concepts[w->found[i].token] = w->found[i].value;
    w->n_found = n_names;
    return READ;
}
