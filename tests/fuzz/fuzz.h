/* What the fuzzer's two files share: numbers by chance, arrays and texts to begin with. */
#ifndef STANCE_FUZZ_H
#define STANCE_FUZZ_H

#include "tables.h"

#define MAX_ARRAYS 64
#define MAX_TEXT 65536

extern uint64_t state; /* of the chance */
extern Array arrays[MAX_ARRAYS]; /* as __main__.py wrote them */
extern size_t n_arrays;
extern char text[]; /* what make_text made, in bytes */
extern size_t n_text;

uint64_t any(void);
size_t below(size_t n); /* 0 if n is */
void make_text(void);
void read_files(const char *arrays_path, const char *texts_path);

/* End the program, saying which input it was. */
void fail(const char *problem);
void *need(void *memory);

#endif
