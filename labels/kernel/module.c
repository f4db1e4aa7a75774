/* labels.kernel._kernel: the kernel as a Python module, in the stable ABI. __init__.py documents
   it. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "count.h"
#include "decide.h"
#include "hash.h"
#include "language.h"
#include "score.h"

#define MAX_ARRAYS 40
#define MAX_IDLE 8 /* workspaces kept for the next call */
#define NEEDS_PYTHON_CODE 255
#define LEFT_TO_PYTHON (-1)

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

static int hold_one(Kernel *self, PyObject *name, PyObject *given, Array *array) {
    int i = self->n_arrays;
    Py_ssize_t n;
    const char *text = PyUnicode_AsUTF8AndSize(name, &n);
    if (text == NULL)
        return 0;
    if (i == MAX_ARRAYS) {
        PyErr_SetString(PyExc_ValueError, "too many arrays");
        return 0;
    }
    Py_buffer *buffer = &self->buffers[i];
    if (PyObject_GetBuffer(given, buffer, PyBUF_C_CONTIGUOUS) < 0)
        return 0;
    self->n_arrays++;
    self->names[i] = malloc((size_t)n + 1);
    if (self->names[i] == NULL) {
        PyErr_NoMemory();
        return 0;
    }
    memcpy(self->names[i], text, (size_t)n + 1);
    *array = (Array){self->names[i], buffer->buf, (size_t)buffer->len, (size_t)buffer->itemsize};
    return 1;
}

static int hold(Kernel *self, PyObject *tables, Array *arrays) {
    /* A list of our own: to ask for a buffer may run code that changes the dictionary. */
    PyObject *items = PyDict_Items(tables);
    int is_held = items != NULL;
    for (Py_ssize_t i = 0; is_held && i < PyList_Size(items); i++) {
        PyObject *item = PyList_GetItem(items, i);
        is_held = hold_one(self, PyTuple_GetItem(item, 0), PyTuple_GetItem(item, 1), &arrays[i]);
    }
    Py_XDECREF(items);
    return is_held;
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

enum { ABOUT, SCORES, KNOWN, OUTSIDE, POSSIBLE, N_ANSWERS };

/* A label is possible if the sentence names somebody whom it is about, or it is about nobody. */
static void tell_possible(const uint64_t *about, uint64_t named, size_t n_labels,
                          uint8_t *possible) {
    for (size_t k = 0; k < n_labels; k++)
        possible[k] = about[k] == 0 || (about[k] & named) != 0;
}

/* Score all texts, each alone, so that no answer depends on another; count those that are left to
   Python. */
static Status score_all(const Tables *t, Work *work, const Texts *texts, int is_composed,
                        const Py_buffer *to, size_t *n_left) {
    *n_left = 0;
    for (size_t i = 0; i < texts->n; i++) {
        Answer answer = {0, 0, NEEDS_PYTHON_CODE};
        double *scores = (double *)to[SCORES].buf + i * t->n_labels;
        Status status = score_text(t, work, texts->utf8[i], texts->n_bytes[i], is_composed, scores,
                                   &answer);
        if (status == NO_MEMORY)
            return NO_MEMORY;
        *n_left += status == NEEDS_PYTHON;
        if (to[KNOWN].buf != NULL)
            ((double *)to[KNOWN].buf)[i] = answer.known;
        if (to[OUTSIDE].buf != NULL)
            ((uint8_t *)to[OUTSIDE].buf)[i] = answer.outside;
        if (to[POSSIBLE].buf != NULL)
            tell_possible(to[ABOUT].buf, answer.named, t->n_labels,
                          (uint8_t *)to[POSSIBLE].buf + i * t->n_labels);
    }
    return READ;
}

/* score(texts, is_composed, about, scores, known, outside, possible)
   -> how many are left to Python */
static PyObject *kernel_score(PyObject *object, PyObject *const *args, Py_ssize_t n_args) {
    Kernel *self = (Kernel *)object;
    const size_t n_labels = self->tables.n_labels;
    const Column columns[N_ANSWERS] = {
        [ABOUT] = {n_labels, sizeof(uint64_t), .is_read = 1, .is_per_model = 1},
        [SCORES] = {n_labels, sizeof(double)},
        [KNOWN] = {1, sizeof(double), .is_optional = 1},
        [OUTSIDE] = {1, sizeof(uint8_t), .is_optional = 1},
        [POSSIBLE] = {n_labels, sizeof(uint8_t), .is_optional = 1},
    };
    Py_buffer answers[N_ANSWERS];
    Texts texts;
    Work *work = NULL;
    size_t n_left = 0;
    if (n_args != 2 + N_ANSWERS) {
        PyErr_SetString(PyExc_TypeError, "score takes texts, a flag and five arrays");
        return NULL;
    }
    if (!open_texts(&texts, args[0]))
        return NULL;
    if (open_arrays(args + 2, answers, columns, N_ANSWERS, texts.n)) {
        work = take_work(self);
        if (work != NULL) {
            Status status;
            int is_composed = args[1] == Py_True;
            Py_BEGIN_ALLOW_THREADS;
            status = score_all(&self->tables, work, &texts, is_composed, answers, &n_left);
            Py_END_ALLOW_THREADS;
            give_back(self, work);
            if (status == NO_MEMORY)
                PyErr_NoMemory();
        }
        close_arrays(answers, N_ANSWERS);
    }
    close_texts(&texts);
    if (PyErr_Occurred())
        return NULL;
    return PyLong_FromSize_t(n_left);
}

/* identify(texts, languages: numbers of 32 bits) -> how many are left to Python */
static PyObject *kernel_identify(PyObject *object, PyObject *const *args, Py_ssize_t n_args) {
    Kernel *self = (Kernel *)object;
    const Column column = {1, sizeof(int32_t)};
    Py_buffer languages;
    Texts texts;
    Work *work = NULL;
    size_t n_left = 0;
    if (n_args != 2 || self->tables.n_languages == 0) {
        PyErr_SetString(PyExc_TypeError, "identify takes texts and an array, given an identifier");
        return NULL;
    }
    if (!open_texts(&texts, args[0]))
        return NULL;
    if (open_arrays(args + 1, &languages, &column, 1, texts.n)) {
        work = take_work(self);
        if (work != NULL) {
            Status status;
            int32_t *to = languages.buf;
            Py_BEGIN_ALLOW_THREADS;
            status = identify(&self->tables, work, texts.utf8, texts.n_bytes, texts.n, to);
            for (size_t i = 0; i < texts.n && status == READ; i++)
                n_left += to[i] == ONLY_PYTHON;
            Py_END_ALLOW_THREADS;
            give_back(self, work);
            if (status == NO_MEMORY)
                PyErr_NoMemory();
        }
        close_arrays(&languages, 1);
    }
    close_texts(&texts);
    if (PyErr_Occurred())
        return NULL;
    return PyLong_FromSize_t(n_left);
}

enum { THRESHOLDS, BOUNDS, DECIDED, MAY_BE, SUPPORTED, GIVEN, UNCERTAIN, REASON, N_DECISIONS };

/* decide(is_multi_label, thresholds, bounds, scores, possible, is_supported, given, uncertain,
   reasons) */
static PyObject *decide_all(PyObject *module, PyObject *const *args, Py_ssize_t n_args) {
    Py_buffer a[N_DECISIONS], model;
    (void)module;
    if (n_args != 1 + N_DECISIONS) {
        PyErr_SetString(PyExc_TypeError, "decide takes a flag and eight arrays");
        return NULL;
    }
    /* How many labels and sentences there are is told by the thresholds and the reasons. */
    size_t sizes[2];
    for (int i = 0; i < 2; i++) {
        PyObject *told_by = i == 0 ? args[1 + THRESHOLDS] : args[1 + REASON];
        if (PyObject_GetBuffer(told_by, &model, PyBUF_C_CONTIGUOUS) < 0)
            return NULL;
        sizes[i] = (size_t)model.len / (i == 0 ? sizeof(double) : sizeof(uint8_t));
        PyBuffer_Release(&model);
    }
    const size_t n_labels = sizes[0], n = sizes[1];
    if (n_labels > MAX_LABELS) {
        PyErr_SetString(PyExc_ValueError, "too many labels");
        return NULL;
    }
    const Column columns[N_DECISIONS] = {
        [THRESHOLDS] = {n_labels, sizeof(double), .is_read = 1, .is_per_model = 1},
        [BOUNDS] = {2 * n_labels, sizeof(double), .is_read = 1, .is_per_model = 1},
        [DECIDED] = {n_labels, sizeof(double), .is_read = 1},
        [MAY_BE] = {n_labels, sizeof(uint8_t), .is_read = 1},
        [SUPPORTED] = {1, sizeof(uint8_t), .is_read = 1},
        [GIVEN] = {n_labels, sizeof(uint8_t)},
        [UNCERTAIN] = {1, sizeof(uint8_t)},
        [REASON] = {1, sizeof(uint8_t)},
    };
    if (!open_arrays(args + 1, a, columns, N_DECISIONS, n))
        return NULL;
    const Rule rule = {n_labels, a[THRESHOLDS].buf, a[BOUNDS].buf, args[0] == Py_True};
    for (size_t i = 0; i < n; i++) {
        size_t at = i * n_labels;
        int is_uncertain = decide(&rule, (double *)a[DECIDED].buf + at,
                                  (uint8_t *)a[MAY_BE].buf + at, ((uint8_t *)a[SUPPORTED].buf)[i],
                                  (uint8_t *)a[GIVEN].buf + at, (uint8_t *)a[REASON].buf + i);
        ((uint8_t *)a[UNCERTAIN].buf)[i] = (uint8_t)is_uncertain;
    }
    close_arrays(a, N_DECISIONS);
    Py_RETURN_NONE;
}

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
static PyObject *kernel_count(PyObject *object, PyObject *const *args, Py_ssize_t n_args) {
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
static PyObject *make_hash_table(PyObject *module, PyObject *args) {
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

static PyMethodDef kernel_methods[] = {
    {"score", (PyCFunction)(void (*)(void))kernel_score, METH_FASTCALL, NULL},
    {"identify", (PyCFunction)(void (*)(void))kernel_identify, METH_FASTCALL, NULL},
    {"count", (PyCFunction)(void (*)(void))kernel_count, METH_FASTCALL, NULL},
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
    {"decide", (PyCFunction)(void (*)(void))decide_all, METH_FASTCALL, NULL},
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
