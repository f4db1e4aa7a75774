/* Texts by chance: pieces of a corpus, cut and joined, random bytes and characters. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t state;

uint64_t any(void) { /* splitmix64 */
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

size_t below(size_t n) { return n ? (size_t)(any() % n) : 0; }

typedef struct {
    char *bytes;
    size_t n;
} Bytes;

Array arrays[MAX_ARRAYS];
size_t n_arrays;
static Bytes *texts;
static size_t n_texts;

static uint64_t read_number(FILE *file) {
    uint64_t number;
    if (fread(&number, sizeof number, 1, file) != 1)
        fail("a file is too short");
    return number;
}

/* Memory of exactly n bytes, so that a step beyond them is seen. */
static Bytes read_bytes(FILE *file) {
    Bytes read = {NULL, read_number(file)};
    read.bytes = need(malloc(read.n));
    if (fread(read.bytes, 1, read.n, file) != read.n)
        fail("a file is too short");
    return read;
}

void read_files(const char *arrays_path, const char *texts_path) {
    FILE *file = need(fopen(arrays_path, "rb"));
    n_arrays = read_number(file);
    if (n_arrays > MAX_ARRAYS)
        fail("too many arrays");
    for (size_t i = 0; i < n_arrays; i++) {
        Bytes name = read_bytes(file);
        size_t item = read_number(file);
        Bytes data = read_bytes(file);
        arrays[i] = (Array){name.bytes, data.bytes, data.n, item};
    }
    fclose(file);
    file = need(fopen(texts_path, "rb"));
    n_texts = read_number(file);
    texts = need(calloc(n_texts, sizeof *texts));
    for (size_t i = 0; i < n_texts; i++)
        texts[i] = read_bytes(file);
    fclose(file);
}

char text[MAX_TEXT + 8];
size_t n_text;

static void add_bytes(const char *bytes, size_t n) {
    n = n < MAX_TEXT - n_text ? n : MAX_TEXT - n_text;
    memcpy(text + n_text, bytes, n);
    n_text += n;
}

static void add_character(uint32_t c) { /* surrogates, too, which are no UTF-8 */
    unsigned char bytes[] = {(unsigned char)c, 0, 0, 0};
    int n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (int i = n - 1; i > 0; i--, c >>= 6)
        bytes[i] = 0x80 | (c & 0x3f);
    if (n > 1)
        bytes[0] = (unsigned char)(0xf00 >> n | c);
    add_bytes((char *)bytes, (size_t)n);
}

static uint32_t any_character(void) {
    static const uint32_t special[] = {'U',    'S',    'A',    'E',    '.',    ' ',    ',',   '?',
                                       '0',    '9',    '_',    0,      0xb2,   0xbd,   0x130, 0x3a3,
                                       0x301,  0x200b, 0xff01, 0x2003, 0x4e2d, 0x56fd, 0x7f,  0x80,
                                       0x10ffff};
    switch (below(4)) {
    case 0:
        return special[below(sizeof special / sizeof *special)];
    case 1:
        return (uint32_t)below(0x250);
    case 2:
        return 0x4e00 + (uint32_t)below(0x5200);
    default:
        return (uint32_t)below(0x110000);
    }
}

static void add_piece(void) { /* of a text of the corpus, cut anywhere, in a character too */
    Bytes from = texts[below(n_texts)];
    size_t start = below(from.n), n = 1 + below(from.n - start);
    add_bytes(from.bytes + start, below(3) ? n : 1 + below(n < 8 ? n : 8));
}

static void add_whole(void) {
    Bytes whole = texts[below(n_texts)];
    add_bytes(whole.bytes, whole.n);
}

static void mutate(void) {
    for (size_t left = 1 + below(6); left > 0 && n_text > 0; left--) {
        size_t at = below(n_text), n = 1 + below(n_text - at < 16 ? n_text - at : 16);
        char rest[256];
        size_t n_rest = n_text - at < sizeof rest ? n_text - at : sizeof rest;
        switch (below(4)) {
        case 0:
            text[at] = (char)any();
            break;
        case 1:
            memmove(text + at, text + at + n, n_text - at - n);
            n_text -= n;
            break;
        case 2:
            n_text = at;
            break;
        default: /* put something between */
            memcpy(rest, text + at, n_rest);
            n_text = at;
            below(2) ? add_piece() : add_character(any_character());
            add_bytes(rest, n_rest);
        }
    }
}

void make_text(void) {
    size_t kind = below(1000), left;
    n_text = 0;
    if (kind < 500) {
        add_whole();
        mutate();
    } else if (kind < 700) { /* names and concepts beside each other */
        for (left = below(20); left > 0; left--, add_bytes(" ", below(2)))
            below(4) ? add_whole() : add_piece();
    } else if (kind < 800) {
        for (left = below(200); left > 0; left--)
            text[n_text++] = (char)any();
    } else if (kind < 980) {
        for (left = below(120); left > 0; left--)
            add_character(any_character());
    } else if (kind < 999) { /* the same again and again */
        Bytes again = texts[below(n_texts)];
        for (left = below(60); left > 0; left--, add_bytes(" ", below(2)))
            add_bytes(again.bytes, again.n);
    } else { /* one very long token, or many very short ones */
        uint32_t c = any_character(), other = below(2) ? c : any_character();
        for (left = below(MAX_TEXT / 4); left > 0; left--)
            add_character(left % 2 ? c : other);
    }
}
