/* The object of the module: tables, and what its calls work with. */
#ifndef STANCE_KERNEL_H
#define STANCE_KERNEL_H

#include "arguments.h"
#include "tables.h"
#include "reading.h"

#define MAX_ARRAYS 40
#define MAX_IDLE 8 /* workspaces kept for the next call */

typedef struct {
    PyObject_HEAD
    Tables tables;
    Py_buffer buffers[MAX_ARRAYS];
    char *names[MAX_ARRAYS];
    int n_arrays;
    /* Taken and given back while holding the interpreter's lock. */
    Work *idle[MAX_IDLE];
    int n_idle;
} Kernel;

/* Take a workspace, NULL with an exception set if there is no memory; hold the interpreter's lock. */
Work *take_work(Kernel *kernel);
void give_back(Kernel *kernel, Work *work);

/* What the service asks: serving.c. */
PyObject *kernel_score(PyObject *kernel, PyObject *const *args, Py_ssize_t n_args);
PyObject *kernel_identify(PyObject *kernel, PyObject *const *args, Py_ssize_t n_args);
PyObject *kernel_language(PyObject *kernel, PyObject *text);
PyObject *kernel_answer(PyObject *kernel, PyObject *const *args, Py_ssize_t n_args);
PyObject *decide_all(PyObject *module, PyObject *const *args, Py_ssize_t n_args);

/* What training asks: training.c. */
PyObject *kernel_count(PyObject *kernel, PyObject *const *args, Py_ssize_t n_args);
PyObject *make_keys_of_texts(PyObject *module, PyObject *args);
PyObject *make_pair_keys(PyObject *module, PyObject *args);
PyObject *make_hash_table(PyObject *module, PyObject *args);

#endif
