# docker build -t simmer .                                  with training of networks; --build-arg TRAINING=no without
# docker run --read-only --tmpfs /tmp -p 8501:8501 simmer   See docs/hosting.md.
FROM python:3.12-slim-bookworm AS libraries
ARG TRAINING=yes
WORKDIR /build
COPY requirements.txt requirements.lock ./
RUN python -m venv /libraries \
    && if [ "$TRAINING" = no ]; then sed -E '/^(tensorflow|keras)/d' requirements.txt > some.txt; \
    else set -- --require-hashes; ln -s requirements.lock some.txt; fi \
    && /libraries/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary :all: "$@" -r some.txt

FROM python:3.12-slim-bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends nginx-light \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --home-dir /tmp --no-create-home simmer
COPY --from=libraries /libraries /libraries
WORKDIR /simmer
COPY .streamlit .streamlit
COPY assets assets
COPY docs docs
COPY textgen textgen
COPY pages pages
COPY app.py ./
RUN /libraries/bin/python -m compileall -q textgen pages
# All that is written goes to /tmp; mount a volume and name it in SIMMER_HOME to keep what people train.
ENV PATH=/libraries/bin:$PATH PYTHONUNBUFFERED=1 PORT=8501 SIMMER_HOME=/tmp/simmer
USER 1000
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=10s --start-period=90s \
    CMD python -c "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/ready', timeout=8)"
CMD ["sh", "-c", "exec python -m textgen serve --address 0.0.0.0 --port $PORT"]
