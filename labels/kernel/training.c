/* What training asks of the kernel: counts of terms, and the tables in which it looks them up. */
#include "kernel.h"

#include <string.h>

#include "count.h"
#include "hash.h"

#define LEFT_TO_PYTHON (-1)

/* Count the terms of all texts, in composed form, and tell how many there are in each. */
static Status count_all(const Tables *t, Work *work, const Texts *texts, Terms *terms,
                        int64_t *n_terms, uint64_t *named) {
    for (size_t i = 0; i < texts->n; i++) {
        size_t n_before = terms->n_numbers;
        Status status = count_text(t, work, terms, texts->utf8[i], texts->n_bytes[i], 1);
        if (status == NO_MEMORY)
            return NO_MEMORY;
        n_terms[i] = status == READ ? (int64_t)(terms->n_numbers - n_before) : LEFT_TO_PYTHON;
        named[i] = status == READ ? names_present(t, work) : 0;
    }
    return READ;
}

static PyObject *bytes_of(const void *data, size_t n, size_t size) {
    return PyBytes_FromStringAndSize(n ? data : "", (Py_ssize_t)(n * size));
}

/* count(texts, n_terms, named) -> what the terms are called, where each ends, its family, and the
   number of the term of each occurrence */
PyObject *kernel_count(PyObject *object, PyObject *const *args, Py_ssize_t n_args) {
    Kernel *self = (Kernel *)object;
    const Column columns[2] = {{1, sizeof(int64_t)}, {1, sizeof(uint64_t)}};
    Py_buffer answers[2];
    PyObject *result = NULL;
    Texts texts;
    if (n_args != 3) {
        PyErr_SetString(PyExc_TypeError, "count takes texts and two arrays");
        return NULL;
    }
    if (!open_texts(&texts, args[0]))
        return NULL;
    if (open_arrays(args + 1, answers, columns, 2, texts.n)) {
        Work *work = take_work(self);
        if (work != NULL) {
            Terms terms = {0};
            Status status;
            Py_BEGIN_ALLOW_THREADS;
            status = count_all(&self->tables, work, &texts, &terms, answers[0].buf, answers[1].buf);
            Py_END_ALLOW_THREADS;
            give_back(self, work);
            if (status == NO_MEMORY)
                PyErr_NoMemory();
            else
                result = Py_BuildValue("(NNNN)", bytes_of(terms.text, terms.n_text, 4),
                                       bytes_of(terms.ends, terms.n_terms, 8),
                                       bytes_of(terms.families, terms.n_terms, 1),
                                       bytes_of(terms.numbers, terms.n_numbers, 4));
            terms_free(&terms);
        }
        close_arrays(answers, 2);
    }
    close_texts(&texts);
    return result;
}

/* make_keys(space, texts) -> bytes of uint64 */
PyObject *make_keys_of_texts(PyObject *module, PyObject *args) {
    unsigned int space;
    PyObject *list;
    (void)module;
    if (!PyArg_ParseTuple(args, "IO!", &space, &PyList_Type, &list))
        return NULL;
    Py_ssize_t n = PyList_Size(list);
    PyObject *result = PyBytes_FromStringAndSize(NULL, n * (Py_ssize_t)sizeof(uint64_t));
    for (Py_ssize_t i = 0; result != NULL && i < n; i++) {
        PyObject *text = PyList_GetItem(list, i);
        Py_ssize_t n_text = PyUnicode_Check(text) ? PyUnicode_GetLength(text) : -1;
        Py_UCS4 *characters = n_text < 0 ? NULL : PyUnicode_AsUCS4Copy(text);
        if (characters == NULL) {
            if (!PyErr_Occurred())
                PyErr_SetString(PyExc_TypeError, "make_keys takes a list of strings");
            Py_CLEAR(result);
            break;
        }
        uint64_t key = term_key(space, characters, (uint32_t)n_text);
        memcpy(PyBytes_AsString(result) + (size_t)i * sizeof key, &key, sizeof key);
        PyMem_Free(characters);
    }
    return result;
}

/* make_pair_keys(bytes of uint32 pairs) -> bytes of uint64 */
PyObject *make_pair_keys(PyObject *module, PyObject *args) {
    PyObject *pairs;
    (void)module;
    if (!PyArg_ParseTuple(args, "S", &pairs))
        return NULL;
    const uint32_t *numbers = (const uint32_t *)PyBytes_AsString(pairs);
    Py_ssize_t n = PyBytes_Size(pairs) / 8;
    PyObject *result = PyBytes_FromStringAndSize(NULL, n * 8);
    for (Py_ssize_t i = 0; result != NULL && i < n; i++) {
        uint64_t key = pair_key(numbers[2 * i], numbers[2 * i + 1]);
        memcpy(PyBytes_AsString(result) + i * 8, &key, 8);
    }
    return result;
}

/* make_hash_table(bytes of uint64) -> bytes of slots: number i under key i, at most half full */
PyObject *make_hash_table(PyObject *module, PyObject *args) {
    PyObject *bytes;
    (void)module;
    if (!PyArg_ParseTuple(args, "S", &bytes))
        return NULL;
    const uint64_t *keys = (const uint64_t *)PyBytes_AsString(bytes);
    size_t n = (size_t)PyBytes_Size(bytes) / 8, size = 16;
    while (size < 2 * n)
        size *= 2;
    PyObject *result = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(size * sizeof(Slot)));
    if (result != NULL) {
        Slot *slots = (Slot *)PyBytes_AsString(result);
        memset(slots, 0, size * sizeof *slots);
        for (size_t i = 0; i < n; i++) {
            size_t at = (uint32_t)keys[i] & (size - 1);
            while (slots[at].key != 0 && slots[at].key != keys[i])
                at = (at + 1) & (size - 1);
            if (slots[at].key != 0) {
                PyErr_SetString(PyExc_ValueError, "two have the same key");
                Py_CLEAR(result);
                break;
            }
            slots[at] = (Slot){keys[i], i};
        }
    }
    return result;
}
