/* Keys of terms and lexicon words: 64 bits, made a character at a time, so that a longer string
   goes on where a shorter one ended. Keys stand for their strings: tables.py refuses two terms
   with one key, and a foreign string meets one of a million by chance once in 10^13 look-ups. */
#ifndef STANCE_HASH_H
#define STANCE_HASH_H

#include <stdint.h>

#define HASH_START 0x9e3779b97f4a7c15u
#define WHOLE_WORD 64  /* spaces of keys beside those of the families */
#define BEGINNING 65
#define TWO_WORDS 66

static inline uint64_t hash_one(uint64_t hash, uint32_t character) {
    hash = (hash ^ character) * 0xd6e8feb86659fd93u;
    return hash ^ (hash >> 32);
}

static inline uint64_t hash_text(uint64_t hash, const uint32_t *text, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        hash = hash_one(hash, text[i]);
    return hash;
}

/* The key of a string in a space of its own, never 0: that marks a free slot. */
static inline uint64_t hash_key(uint64_t hash, uint32_t space) {
    hash ^= (space + 1) * 0xa0761d6478bd642fu;
    hash = (hash ^ (hash >> 32)) * 0xe7037ed1a0b428dbu;
    hash = (hash ^ (hash >> 29)) * 0x8ebc6af09c88c6e3u;
    hash ^= hash >> 32;
    return hash ? hash : 1;
}

static inline uint64_t pair_key(uint32_t first, uint32_t second) {
    return hash_key(((uint64_t)first << 32) | second, TWO_WORDS);
}

/* A place in an open hash table with linear probing; key 0: free. */
typedef struct {
    uint64_t key;
    uint64_t number;
} Slot;

/* The number at a key, UINT32_MAX if it is not there. */
static inline uint32_t hash_find(const Slot *slots, uint32_t mask, uint64_t key) {
    for (uint32_t i = (uint32_t)key & mask;; i = (i + 1) & mask) {
        if (slots[i].key == key)
            return (uint32_t)slots[i].number;
        if (slots[i].key == 0)
            return UINT32_MAX;
    }
}

/* Whether a key may be in a table: few that are not pass, and no slot is fetched for the rest. */
static inline int filter_passes(const uint64_t *filter, uint32_t mask, uint64_t key) {
    uint32_t bit = (uint32_t)(key >> 32) & mask;
    return filter[bit >> 6] >> (bit & 63) & 1;
}

#endif
