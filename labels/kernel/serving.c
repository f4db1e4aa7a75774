/* What the service asks of the kernel: scores, languages, decisions, answers. */
#include "kernel.h"

#include <stdlib.h>
#include <string.h>

#include "decide.h"
#include "language.h"
#include "score.h"

#define NEEDS_PYTHON_CODE 255

enum { ABOUT, SCORES, KNOWN, OUTSIDE, POSSIBLE, N_ANSWERS };

/* Score all texts, each alone, so that no answer depends on another; count those that are left to
   Python, as those of more bytes than most_bytes are. */
static Status score_all(const Tables *t, Work *work, const Texts *texts, int is_composed,
                        const Py_buffer *to, size_t most_bytes, size_t *n_left) {
    *n_left = 0;
    for (size_t i = 0; i < texts->n; i++) {
        Answer answer = {0, 0, NEEDS_PYTHON_CODE};
        double *scores = (double *)to[SCORES].buf + i * t->n_labels;
        Status status = NEEDS_PYTHON;
        if (texts->n_bytes[i] <= most_bytes)
            status = score_text(t, work, texts->utf8[i], texts->n_bytes[i], is_composed, scores,
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

/* score(texts, is_composed, about, scores, known, outside, possible, most_bytes: any without it)
   -> how many are left to Python */
PyObject *kernel_score(PyObject *object, PyObject *const *args, Py_ssize_t n_args) {
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
    size_t n_left = 0, most_bytes = SIZE_MAX;
    if (n_args != 2 + N_ANSWERS && n_args != 3 + N_ANSWERS) {
        PyErr_SetString(PyExc_TypeError, "score takes texts, a flag, five arrays and a number");
        return NULL;
    }
    if (n_args == 3 + N_ANSWERS)
        most_bytes = PyLong_AsSize_t(args[2 + N_ANSWERS]);
    if (PyErr_Occurred())
        return NULL;
    if (!open_texts(&texts, args[0]))
        return NULL;
    if (open_arrays(args + 2, answers, columns, N_ANSWERS, texts.n)) {
        work = take_work(self);
        if (work != NULL) {
            Status status;
            int is_composed = args[1] == Py_True;
            Py_BEGIN_ALLOW_THREADS;
            status = score_all(&self->tables, work, &texts, is_composed, answers,
                               most_bytes, &n_left);
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
PyObject *kernel_identify(PyObject *object, PyObject *const *args, Py_ssize_t n_args) {
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

/* language(text) -> the number of its language */
PyObject *kernel_language(PyObject *object, PyObject *text) {
    Kernel *self = (Kernel *)object;
    Py_ssize_t n_bytes;
    int32_t language = UNDETERMINED;
    if (!PyUnicode_Check(text) || self->tables.n_languages == 0) {
        PyErr_SetString(PyExc_TypeError, "language takes a string, given an identifier");
        return NULL;
    }
    const char *utf8 = PyUnicode_AsUTF8AndSize(text, &n_bytes);
    Work *work = utf8 == NULL ? NULL : take_work(self);
    if (work == NULL)
        return NULL;
    size_t size = (size_t)n_bytes;
    Status status = identify(&self->tables, work, &utf8, &size, 1, &language);
    give_back(self, work);
    return status == NO_MEMORY ? PyErr_NoMemory() : PyLong_FromLong(language);
}

enum { THRESHOLDS, BOUNDS, DECIDED, MAY_BE, SUPPORTED, GIVEN, UNCERTAIN, REASON, N_DECISIONS };

/* decide(is_multi_label, thresholds, bounds, scores, possible, is_supported, given, uncertain,
   reasons) */
PyObject *decide_all(PyObject *module, PyObject *const *args, Py_ssize_t n_args) {
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
