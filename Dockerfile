# syntax=docker/dockerfile:1
# The four images, a target each: docker build --target processor --tag tideline/processor .
# `make images` builds them with what else their labels say: the commit and its date.
# What an image needs of other people comes first, by the lock file of its service: a change of code installs nothing again.
ARG PYTHON_IMAGE=python:3.13.9-slim-trixie
ARG NODE_IMAGE=node:24.19.0-trixie-slim

FROM ${NODE_IMAGE} AS dashboard
WORKDIR /dashboard
COPY services/dashboard/package.json services/dashboard/package-lock.json services/dashboard/.npmrc ./
RUN --mount=type=cache,target=/var/cache/npm npm ci --cache /var/cache/npm
COPY services/dashboard/ ./
RUN npm run build

# `pip install -r` puts wheels, by their hashes only, into an environment that has no pip of its own.
FROM ${PYTHON_IMAGE} AS packages
ENV PIP_PYTHON=/venv/bin/python PIP_REQUIRE_HASHES=1 PIP_ONLY_BINARY=:all: PIP_CACHE_DIR=/var/cache/pip \
    PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN ["python", "-m", "venv", "--without-pip", "/venv"]

FROM packages AS producer-packages
COPY services/producer/requirements.lock /
RUN --mount=type=cache,target=/var/cache/pip pip install -r /requirements.lock

FROM packages AS processor-packages
COPY services/processor/requirements.lock /
RUN --mount=type=cache,target=/var/cache/pip pip install -r /requirements.lock

FROM packages AS query-api-packages
COPY services/query-api/requirements.lock /
RUN --mount=type=cache,target=/var/cache/pip pip install -r /requirements.lock

FROM packages AS provision-packages
COPY infra/provision/requirements.lock /
RUN --mount=type=cache,target=/var/cache/pip pip install -r /requirements.lock

# What all four have in common.
FROM ${PYTHON_IMAGE} AS image
LABEL org.opencontainers.image.version=0.1.0 \
    org.opencontainers.image.documentation=docs/operations.md#in-containers
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s \
    CMD ["python", "-c", "import os, urllib.request as http; http.urlopen('http://127.0.0.1:' + os.environ['READY'], timeout=3)"]
WORKDIR /app

FROM image AS producer
LABEL org.opencontainers.image.title=tideline/producer \
    org.opencontainers.image.description="Publishes streams of readings: this machine, simulations, ticks."
COPY --from=producer-packages /venv /venv
COPY contracts/src infra/chassis/src services/producer/src ./
COPY infra/config/producer.toml infra/config/
# A volume on the folder begins with the folder's owner.
RUN ["install", "--directory", "--owner=10001", "--group=10001", "/spool"]
RUN ["python", "-m", "compileall", "-q", "."]
USER 10001:10001
EXPOSE 8001
ENV READY=8001/ready
ENTRYPOINT ["python", "-m", "producer"]

FROM image AS processor
LABEL org.opencontainers.image.title=tideline/processor \
    org.opencontainers.image.description="Turns events on Kafka into exact per-minute windows in Postgres."
COPY --from=processor-packages /venv /venv
COPY contracts/src infra/chassis/src services/processor/src ./
COPY infra/config/processor.toml infra/config/
RUN ["python", "-m", "compileall", "-q", "."]
USER 10001:10001
EXPOSE 8002
ENV READY=8002/ready
ENTRYPOINT ["python", "-m", "processor"]

FROM image AS query-api
LABEL org.opencontainers.image.title=tideline/query-api \
    org.opencontainers.image.description="Serves raw readings, windows and daily averages over REST."
COPY --from=query-api-packages /venv /venv
COPY contracts/src infra/chassis/src services/query-api/src ./
COPY infra/config/query-api.toml infra/config/
COPY --from=dashboard /dashboard/dist services/dashboard/dist
RUN ["python", "-m", "compileall", "-q", "."]
USER 10001:10001
EXPOSE 8000
ENV READY=8000/api/v1/ready
ENTRYPOINT ["python", "-m", "query_api"]

# Creates schema and roles (migrate) or topics (topics), then ends.
FROM image AS provision
LABEL org.opencontainers.image.title=tideline/provision \
    org.opencontainers.image.description="Creates what the services expect: topics, schema, roles."
COPY --from=provision-packages /venv /venv
COPY infra/chassis/src infra/provision/src ./
COPY infra/config/provision.toml infra/config/
COPY infra/kafka/topics.toml infra/kafka/
COPY infra/postgres/migrations infra/postgres/migrations/
RUN ["python", "-m", "compileall", "-q", "."]
USER 10001:10001
HEALTHCHECK NONE
ENTRYPOINT ["python", "-m", "provision"]
CMD ["migrate"]
