/* What Python gives to a call: texts, and arrays that it reads or fills. */
#ifndef STANCE_ARGUMENTS_H
#define STANCE_ARGUMENTS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define N_FEW 4

/* Many texts: a list of strings, or one after the other in the bytes of an array, with offsets. */
typedef struct {
    const char **utf8;
    size_t *n_bytes;
    size_t n;
    const char *few_utf8[N_FEW]; /* where those two are for a few: memory costs as much as a word */
    size_t few_n_bytes[N_FEW];
    PyObject *strings; /* held, so that nobody can take one away while the lock is not held */
    Py_buffer bytes;
} Texts;

/* Take texts; 0 with an exception set if they are none. */
int open_texts(Texts *texts, PyObject *given);
void close_texts(Texts *texts);

/* An array of a row a text, or of one row for all, of n_columns numbers of the size given. */
typedef struct {
    size_t n_columns, size;
    int is_optional, is_read, is_per_model;
} Column;

/* Take the arrays for n texts; None, where allowed, is one that is not asked for. 0 with an exception
   set if one has another size or type. */
int open_arrays(PyObject *const *args, Py_buffer *arrays, const Column *columns, int n_arrays,
                size_t n);
void close_arrays(Py_buffer *arrays, int n_arrays);

#endif
