#include "arguments.h"

#include <stdlib.h>
#include <string.h>

void close_texts(Texts *texts) {
    if (texts->utf8 != texts->few_utf8) {
        free(texts->utf8);
        free(texts->n_bytes);
    }
    Py_XDECREF(texts->strings);
    if (texts->bytes.obj != NULL)
        PyBuffer_Release(&texts->bytes);
}

static int room_for_texts(Texts *texts, size_t n) {
    texts->n = n;
    texts->utf8 = texts->few_utf8;
    texts->n_bytes = texts->few_n_bytes;
    if (n <= N_FEW)
        return 1;
    texts->utf8 = malloc((n + 1) * sizeof *texts->utf8);
    texts->n_bytes = malloc((n + 1) * sizeof *texts->n_bytes);
    if (texts->utf8 == NULL || texts->n_bytes == NULL)
        PyErr_NoMemory();
    return !PyErr_Occurred();
}

static int open_strings(Texts *texts, PyObject *list) {
    texts->strings = PyList_AsTuple(list);
    if (texts->strings == NULL || !room_for_texts(texts, (size_t)PyTuple_Size(texts->strings)))
        return 0;
    for (size_t i = 0; i < texts->n; i++) {
        Py_ssize_t n_bytes;
        PyObject *string = PyTuple_GetItem(texts->strings, (Py_ssize_t)i);
        texts->utf8[i] = PyUnicode_AsUTF8AndSize(string, &n_bytes);
        texts->n_bytes[i] = (size_t)n_bytes;
        if (texts->utf8[i] == NULL)
            return 0;
    }
    return 1;
}

static int are_offsets(const Py_buffer *offsets) {
    return offsets->itemsize == sizeof(int64_t) && offsets->len >= offsets->itemsize &&
           (uintptr_t)offsets->buf % _Alignof(int64_t) == 0;
}

static int open_bytes(Texts *texts, PyObject *bytes, PyObject *array) {
    Py_buffer offsets;
    if (PyObject_GetBuffer(bytes, &texts->bytes, PyBUF_C_CONTIGUOUS) < 0 ||
        PyObject_GetBuffer(array, &offsets, PyBUF_C_CONTIGUOUS) < 0)
        return 0;
    int is_valid = are_offsets(&offsets) &&
                   room_for_texts(texts, (size_t)(offsets.len / offsets.itemsize) - 1);
    /* Each is read once: another thread may write to the array. */
    const volatile int64_t *at = offsets.buf;
    int64_t end = is_valid ? at[0] : 0;
    is_valid = is_valid && end >= 0;
    for (size_t i = 0; is_valid && i < texts->n; i++) {
        int64_t start = end;
        end = at[i + 1];
        is_valid = start <= end && end <= texts->bytes.len;
        if (is_valid) {
            texts->utf8[i] = (const char *)texts->bytes.buf + start;
            texts->n_bytes[i] = (size_t)(end - start);
        }
    }
    PyBuffer_Release(&offsets);
    if (!is_valid && !PyErr_Occurred())
        PyErr_SetString(PyExc_ValueError, "offsets (64 bits) point outside of the bytes");
    return is_valid;
}

int open_texts(Texts *texts, PyObject *given) {
    memset(texts, 0, sizeof *texts);
    int is_open = 0;
    if (PyList_Check(given))
        is_open = open_strings(texts, given);
    else if (PyTuple_Check(given) && PyTuple_Size(given) == 2)
        is_open = open_bytes(texts, PyTuple_GetItem(given, 0), PyTuple_GetItem(given, 1));
    else
        PyErr_SetString(PyExc_TypeError, "expected a list of strings, or bytes and offsets");
    if (!is_open)
        close_texts(texts);
    return is_open;
}

static int is_for(const Py_buffer *buffer, const Column *column, size_t n) {
    return (size_t)buffer->itemsize == column->size && (uintptr_t)buffer->buf % column->size == 0 &&
           (size_t)buffer->len == n * column->n_columns * column->size;
}

int open_arrays(PyObject *const *args, Py_buffer *arrays, const Column *columns, int n_arrays,
                size_t n) {
    for (int i = 0; i < n_arrays; i++) {
        memset(&arrays[i], 0, sizeof arrays[i]);
        if (columns[i].is_optional && args[i] == Py_None)
            continue;
        int flags = PyBUF_C_CONTIGUOUS | (columns[i].is_read ? 0 : PyBUF_WRITABLE);
        int is_open = PyObject_GetBuffer(args[i], &arrays[i], flags) == 0;
        if (is_open && is_for(&arrays[i], &columns[i], columns[i].is_per_model ? 1 : n))
            continue;
        if (is_open)
            PyErr_SetString(PyExc_ValueError, "an array for answers has the wrong size or type");
        for (int k = 0; k < i + is_open; k++)
            PyBuffer_Release(&arrays[k]);
        return 0;
    }
    return 1;
}

void close_arrays(Py_buffer *arrays, int n_arrays) {
    for (int i = 0; i < n_arrays; i++)
        PyBuffer_Release(&arrays[i]);
}
