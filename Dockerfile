# Two stages: the first has a C compiler, builds the kernel, trains the model and is thrown away; the
# second only serves.
FROM python:3.13-trixie AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore \
    OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1
# Dependencies before code: a change of code does not install them again. From the environment that
# will serve goes what serving never calls: pip, and the tests and headers that packages ship.
COPY requirements/service.txt requirements/training.txt requirements/
RUN python -m venv /opt/stance \
    && /opt/stance/bin/python -m pip install --quiet --only-binary=:all: --require-hashes -r requirements/service.txt \
    && python -m venv /opt/train \
    && /opt/train/bin/python -m pip install --quiet --only-binary=:all: --require-hashes -r requirements/training.txt \
    && /opt/stance/bin/python -m pip uninstall --quiet --yes pip \
    && rm -rf /opt/stance/lib/python3*/site-packages/pyarrow/include \
              /opt/stance/lib/python3*/site-packages/pyarrow/tests \
              /opt/stance/lib/python3*/site-packages/numpy/*/tests
COPY pyproject.toml README.md stance.py ./
COPY labels/ labels/
RUN /opt/train/bin/python -c "import setuptools; setuptools.setup()" --quiet build_ext --inplace
COPY service/ service/
COPY training/ training/
RUN /opt/train/bin/python -m stance train --out /build/models/default \
    && rm labels/kernel/*.[ch]

FROM python:3.13-slim-trixie
WORKDIR /app
ENV PATH=/opt/stance/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 STANCE_PORT=8000
COPY --from=build /opt/stance /opt/stance
COPY stance.py MODEL_CARD.md ./
COPY service/ service/
COPY labels/*.py labels/taxonomy.json labels/
COPY --from=build /build/labels/kernel/ labels/kernel/
COPY --from=build /build/models/default models/default
# Without settings only the container itself reaches the service, and its first lines say what else
# it needs: STANCE_HOST=0.0.0.0 and a file of keys (STANCE_KEYS), or for a try-out
# STANCE_INSECURE=true. README.md, "Access", has the commands.
# A number, so that a cluster can check that it is not root. Only files being scored are written, to
# /tmp.
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "import urllib.request as r, os; r.urlopen(f\"http://127.0.0.1:{os.environ['STANCE_PORT']}/health/ready\", timeout=2)"]
ENTRYPOINT ["python", "-m", "stance"]
CMD ["serve"]
