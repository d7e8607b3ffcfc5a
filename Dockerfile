# Image of emoreport: docs/docker.md says how to use it, and what of it has been run.
#
#   docker build -t emoreport .                                    light: no torch
#   docker build -t emoreport:full --build-arg EXTRAS=full .       the large voice models too (TORCH_INDEX!)
#   docker build -t emoreport:cuda --build-arg EXTRAS=full --build-arg CUDA=1 .
ARG DEBIAN=bookworm-slim

# Debian 12 brings Python 3.11, the newest for which mediapipe with its face models has wheels of
# everything; libgl1 and libglib2.0-0 are what OpenCV and mediapipe load.
FROM debian:${DEBIAN} AS base
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgl1 libglib2.0-0 python3 \
    && rm -rf /var/lib/apt/lists/*


FROM base AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
RUN python3 -m venv /opt/emoreport

# Names of extras, separated by commas: full, openvino, ray.
ARG EXTRAS=""
# Anything here takes the builds for graphics cards of NVIDIA.
ARG CUDA=""
# Address of an index with builds of torch for processors: the torch project keeps one. Empty: the
# usual index, whose builds bring CUDA, several GB.
ARG TORCH_INDEX=""
COPY constraints.txt pyproject.toml docker/requirements.py ./
# Wheels only: nothing is compiled, and no package's own setup code runs.
RUN python3 requirements.py pyproject.toml "$EXTRAS" > requirements.txt \
    && if [ -z "$CUDA" ] && [ -n "$TORCH_INDEX" ] && grep -q '^torch' requirements.txt; then \
        /opt/emoreport/bin/pip install --no-cache-dir --only-binary :all: --no-deps \
            --index-url "$TORCH_INDEX" -c constraints.txt torch; \
    fi \
    && /opt/emoreport/bin/pip install --no-cache-dir --only-binary :all: \
        -c constraints.txt -r requirements.txt

COPY README.md LICENSE ./
COPY docs/models docs/models
COPY emoreport emoreport
# onnxruntime and onnxruntime-gpu fill the same folder, so that one has to make room.
# pip goes last: nothing installs in a running container.
RUN /opt/emoreport/bin/pip install --no-cache-dir --no-deps -c constraints.txt . \
    && /opt/emoreport/bin/pip check \
    && if [ -n "$CUDA" ]; then \
        sed -n 's/^onnxruntime==/onnxruntime-gpu==/p' constraints.txt > cuda.txt \
        && /opt/emoreport/bin/pip uninstall --yes onnxruntime \
        && /opt/emoreport/bin/pip install --no-cache-dir --only-binary :all: --no-deps \
            -c constraints.txt -r cuda.txt; \
    fi \
    && /opt/emoreport/bin/pip uninstall --yes pip setuptools


FROM base AS runtime
LABEL org.opencontainers.image.title="emoreport" \
      org.opencontainers.image.description="A video of one person talking goes in, tables of the emotions of face and voice come out" \
      org.opencontainers.image.licenses="Apache-2.0"
# 1000 is for a folder of root or none at all. Any user may keep models in /models.
RUN useradd --uid 1000 --no-create-home --home-dir /tmp emoreport \
    && install -d -o emoreport -g emoreport /data \
    && install -d -m 1777 /models
COPY --from=build /opt/emoreport /opt/emoreport
COPY --chmod=755 docker/entrypoint.sh /usr/local/bin/emoreport-entrypoint
# USER and LOGNAME: a user of the caller's number has no name in here, and some libraries ask.
# ONNX Runtime would give the machine a number and keep a list of events to send.
ENV PATH=/opt/emoreport/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 \
    USER=emoreport \
    LOGNAME=emoreport \
    ORT_DISABLE_TELEMETRY=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    EMOREPORT_MODEL_DIR=/models
WORKDIR /data
# Python answers this one by finishing what it writes and leaving with 130.
STOPSIGNAL SIGINT
# No USER: the entry point gives up root itself, for the owner of /data (docs/docker.md).
ENTRYPOINT ["emoreport-entrypoint"]
CMD ["--help"]
