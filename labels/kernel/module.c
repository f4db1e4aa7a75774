/* labels.kernel._kernel: the kernel as a Python module, in the stable ABI. __init__.py documents
   it. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "language.h"
#include "score.h"

#define MAX_ARRAYS 40
#define MAX_IDLE 8 /* workspaces kept for the next call */
#define NEEDS_PYTHON_CODE 255

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

static Work *take_work(Kernel *self) {
    Work *work = self->n_idle ? self->idle[--self->n_idle] : calloc(1, sizeof(Work));
    if (work == NULL)
        PyErr_NoMemory();
    return work;
}

static void give_back(Kernel *self, Work *work) {
    /* A workspace that one very long text has blown up is not kept. */
    if (self->n_idle < MAX_IDLE && work->size_text < 100000) {
        self->idle[self->n_idle++] = work;
        return;
    }
    work_free(work);
    free(work);
}

static void kernel_free(Kernel *self) {
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    for (int i = 0; i < self->n_idle; i++) {
        work_free(self->idle[i]);
        free(self->idle[i]);
    }
    for (int i = 0; i < self->n_arrays; i++) {
        PyBuffer_Release(&self->buffers[i]);
        free(self->names[i]);
    }
    PyObject_Free(self);
    Py_DECREF(type);
}

static int hold(Kernel *self, PyObject *tables, Array *arrays) {
    PyObject *name, *array;
    Py_ssize_t at = 0, n;
    while (PyDict_Next(tables, &at, &name, &array)) {
        int i = self->n_arrays;
        if (i == MAX_ARRAYS) {
            PyErr_SetString(PyExc_ValueError, "too many arrays");
            return 0;
        }
        const char *text = PyUnicode_AsUTF8AndSize(name, &n);
        if (text == NULL || PyObject_GetBuffer(array, &self->buffers[i], PyBUF_C_CONTIGUOUS) < 0)
            return 0;
        self->n_arrays++;
        self->names[i] = malloc((size_t)n + 1);
        if (self->names[i] == NULL) {
            PyErr_NoMemory();
            return 0;
        }
        memcpy(self->names[i], text, (size_t)n + 1);
        arrays[i] = (Array){self->names[i], self->buffers[i].buf, (size_t)self->buffers[i].len};
    }
    return 1;
}

static PyObject *kernel_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
    static char *names[] = {"tables", NULL};
    PyObject *tables;
    Array arrays[MAX_ARRAYS];
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O!", names, &PyDict_Type, &tables))
        return NULL;
    Kernel *self = (Kernel *)PyType_GenericAlloc(type, 0);
    if (self == NULL)
        return NULL;
    const char *problem = NULL;
    if (hold(self, tables, arrays))
        problem = tables_open(&self->tables, arrays, (size_t)self->n_arrays);
    if (problem != NULL)
        PyErr_SetString(PyExc_ValueError, problem);
    if (PyErr_Occurred()) {
        Py_DECREF((PyObject *)self);
        return NULL;
    }
    return (PyObject *)self;
}

/* Many texts: a list of strings, or one after the other in the bytes of an array, with offsets. */
typedef struct {
    const char **utf8;
    size_t *n_bytes;
    size_t n;
    PyObject *strings; /* held, so that nobody can take one away while the lock is not held */
    Py_buffer bytes;
} Texts;

static void close_texts(Texts *texts) {
    free(texts->utf8);
    free(texts->n_bytes);
    Py_XDECREF(texts->strings);
    if (texts->bytes.obj != NULL)
        PyBuffer_Release(&texts->bytes);
}

static int room_for_texts(Texts *texts, size_t n) {
    texts->n = n;
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

static int open_bytes(Texts *texts, PyObject *bytes, PyObject *array) {
    Py_buffer offsets;
    int is_valid = 0;
    if (PyObject_GetBuffer(bytes, &texts->bytes, PyBUF_C_CONTIGUOUS) < 0 ||
        PyObject_GetBuffer(array, &offsets, PyBUF_C_CONTIGUOUS) < 0)
        return 0;
    const int64_t *at = offsets.buf;
    if (offsets.len >= 8 && offsets.len % 8 == 0 && (uintptr_t)at % 8 == 0) {
        is_valid = room_for_texts(texts, (size_t)offsets.len / 8 - 1);
        for (size_t i = 0; is_valid && i < texts->n; i++) {
            is_valid = at[i] >= 0 && at[i] <= at[i + 1] && at[i + 1] <= texts->bytes.len;
            texts->utf8[i] = (const char *)texts->bytes.buf + at[i];
            texts->n_bytes[i] = (size_t)(at[i + 1] - at[i]);
        }
    }
    PyBuffer_Release(&offsets);
    if (!is_valid && !PyErr_Occurred())
        PyErr_SetString(PyExc_ValueError, "offsets (64 bits) point outside of the bytes");
    return is_valid;
}

static int open_texts(Texts *texts, PyObject *given) {
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

/* Open writable arrays with a row a text, of the sizes given, in bytes. */
static int open_answers(PyObject *const *args, Py_buffer *answers, const size_t *sizes,
                        int n_arrays, size_t n) {
    for (int i = 0; i < n_arrays; i++) {
        int is_open = PyObject_GetBuffer(args[i], &answers[i],
                                         PyBUF_WRITABLE | PyBUF_C_CONTIGUOUS) == 0;
        if (is_open && (size_t)answers[i].len == n * sizes[i])
            continue;
        if (is_open)
            PyErr_SetString(PyExc_ValueError, "an array for answers has the wrong size");
        for (int k = 0; k < i + is_open; k++)
            PyBuffer_Release(&answers[k]);
        return 0;
    }
    return 1;
}

enum { SCORES, KNOWN, OUTSIDE, NAMED, N_ANSWERS };

static Status score_all(const Tables *t, Work *work, const Texts *texts, int is_composed,
                        const Py_buffer *to) {
    for (size_t i = 0; i < texts->n; i++) {
        Answer answer = {0, 0, NEEDS_PYTHON_CODE};
        double *scores = (double *)to[SCORES].buf + i * t->n_labels;
        if (score_text(t, work, texts->utf8[i], texts->n_bytes[i], is_composed, scores, &answer) ==
            NO_MEMORY)
            return NO_MEMORY;
        ((double *)to[KNOWN].buf)[i] = answer.known;
        ((uint8_t *)to[OUTSIDE].buf)[i] = answer.outside;
        ((uint64_t *)to[NAMED].buf)[i] = answer.named;
    }
    return READ;
}

/* score(texts, is_composed, scores, known, outside, named) */
static PyObject *kernel_score(PyObject *object, PyObject *const *args, Py_ssize_t n_args) {
    Kernel *self = (Kernel *)object;
    const size_t sizes[N_ANSWERS] = {self->tables.n_labels * sizeof(double), sizeof(double), 1,
                                     sizeof(uint64_t)};
    Py_buffer answers[N_ANSWERS];
    Texts texts;
    Work *work = NULL;
    if (n_args != 2 + N_ANSWERS) {
        PyErr_SetString(PyExc_TypeError, "score takes texts, a flag and four arrays");
        return NULL;
    }
    if (!open_texts(&texts, args[0]))
        return NULL;
    if (open_answers(args + 2, answers, sizes, N_ANSWERS, texts.n)) {
        work = take_work(self);
        if (work != NULL) {
            Status status;
            int is_composed = args[1] == Py_True;
            Py_BEGIN_ALLOW_THREADS;
            status = score_all(&self->tables, work, &texts, is_composed, answers);
            Py_END_ALLOW_THREADS;
            give_back(self, work);
            if (status == NO_MEMORY)
                PyErr_NoMemory();
        }
        for (int i = 0; i < N_ANSWERS; i++)
            PyBuffer_Release(&answers[i]);
    }
    close_texts(&texts);
    if (PyErr_Occurred())
        return NULL;
    Py_RETURN_NONE;
}

/* identify(texts, languages): numbers of 32 bits */
static PyObject *kernel_identify(PyObject *object, PyObject *const *args, Py_ssize_t n_args) {
    Kernel *self = (Kernel *)object;
    const size_t size = sizeof(int32_t);
    Py_buffer languages;
    Texts texts;
    Work *work = NULL;
    if (n_args != 2 || self->tables.n_languages == 0) {
        PyErr_SetString(PyExc_TypeError, "identify takes texts and an array, given an identifier");
        return NULL;
    }
    if (!open_texts(&texts, args[0]))
        return NULL;
    if (open_answers(args + 1, &languages, &size, 1, texts.n)) {
        work = take_work(self);
        if (work != NULL) {
            Status status = READ;
            int32_t *to = languages.buf;
            Py_BEGIN_ALLOW_THREADS;
            for (size_t i = 0; i < texts.n && status != NO_MEMORY; i++)
                status = identify(&self->tables, work, texts.utf8[i], texts.n_bytes[i], &to[i]);
            Py_END_ALLOW_THREADS;
            give_back(self, work);
            if (status == NO_MEMORY)
                PyErr_NoMemory();
        }
        PyBuffer_Release(&languages);
    }
    close_texts(&texts);
    if (PyErr_Occurred())
        return NULL;
    Py_RETURN_NONE;
}

/* make_keys(space, texts) -> bytes of uint64 */
static PyObject *make_keys_of_texts(PyObject *module, PyObject *args) {
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
static PyObject *make_pair_keys(PyObject *module, PyObject *args) {
    Py_buffer pairs;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*", &pairs))
        return NULL;
    const uint32_t *numbers = pairs.buf;
    Py_ssize_t n = pairs.len / 8;
    PyObject *result = PyBytes_FromStringAndSize(NULL, n * 8);
    for (Py_ssize_t i = 0; result != NULL && i < n; i++) {
        uint64_t key = pair_key(numbers[2 * i], numbers[2 * i + 1]);
        memcpy(PyBytes_AsString(result) + i * 8, &key, 8);
    }
    PyBuffer_Release(&pairs);
    return result;
}

/* make_hash_table(bytes of uint64) -> (keys, ids): number i under key i, at most half full */
static PyObject *make_hash_table(PyObject *module, PyObject *args) {
    Py_buffer buffer;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*", &buffer))
        return NULL;
    const uint64_t *keys = buffer.buf;
    size_t n = (size_t)buffer.len / 8, size = 16;
    while (size < 2 * n)
        size *= 2;
    PyObject *slots = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(size * 8));
    PyObject *ids = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(size * 4));
    int is_unique = 1;
    if (slots != NULL && ids != NULL) {
        uint64_t *slot_keys = (uint64_t *)PyBytes_AsString(slots);
        uint32_t *slot_ids = (uint32_t *)PyBytes_AsString(ids);
        memset(slot_keys, 0, size * 8);
        memset(slot_ids, 0, size * 4);
        for (size_t i = 0; i < n && is_unique; i++) {
            size_t slot = (uint32_t)keys[i] & (size - 1);
            while (slot_keys[slot] != 0 && slot_keys[slot] != keys[i])
                slot = (slot + 1) & (size - 1);
            is_unique = slot_keys[slot] == 0;
            slot_keys[slot] = keys[i];
            slot_ids[slot] = (uint32_t)i;
        }
    }
    PyBuffer_Release(&buffer);
    if (!is_unique)
        PyErr_SetString(PyExc_ValueError, "two have the same key");
    if (PyErr_Occurred()) {
        Py_XDECREF(slots);
        Py_XDECREF(ids);
        return NULL;
    }
    return Py_BuildValue("(NN)", slots, ids);
}

static PyMethodDef kernel_methods[] = {
    {"score", (PyCFunction)(void (*)(void))kernel_score, METH_FASTCALL, NULL},
    {"identify", (PyCFunction)(void (*)(void))kernel_identify, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot kernel_slots[] = {
    {Py_tp_new, kernel_new},
    {Py_tp_dealloc, kernel_free},
    {Py_tp_methods, kernel_methods},
    {0, NULL},
};

static PyType_Spec kernel_spec = {
    .name = "labels.kernel._kernel.Kernel",
    .basicsize = sizeof(Kernel),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = kernel_slots,
};

static PyMethodDef functions[] = {
    {"make_keys", make_keys_of_texts, METH_VARARGS, NULL},
    {"make_pair_keys", make_pair_keys, METH_VARARGS, NULL},
    {"make_hash_table", make_hash_table, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "labels.kernel._kernel",
    .m_size = -1,
    .m_methods = functions,
};

PyMODINIT_FUNC PyInit__kernel(void) {
    PyObject *made = PyModule_Create(&module);
    PyObject *type = made ? PyType_FromSpec(&kernel_spec) : NULL;
    if (type == NULL || PyModule_AddObjectRef(made, "Kernel", type) < 0) {
        Py_XDECREF(type);
        Py_XDECREF(made);
        return NULL;
    }
    Py_DECREF(type);
    return made;
}
