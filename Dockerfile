# One image for the three processes of a deployment; its command is the code location. docs/deploying.md runs all three.
#   docker build -t events-platform .
FROM python:3.11-slim-bookworm

COPY infra/requirements.lock /app/
RUN pip install --no-cache-dir --require-hashes --no-deps -r /app/requirements.lock

RUN useradd --create-home --uid 10001 platform \
    && mkdir -p /app/dagster /data \
    && chown -R platform /app /data
USER 10001
WORKDIR /app

COPY --chown=platform infra/dagster.yaml dagster/dagster.yaml
COPY --chown=platform infra/workspace.yaml workspace.yaml
COPY --chown=platform platform platform
COPY --chown=platform dbt dbt
COPY --chown=platform alerts.toml prices.toml ./

ENV ARROW_DEFAULT_MEMORY_POOL=jemalloc \
    DAGSTER_HOME=/app/dagster \
    DATA_DIR=/data \
    PYTHONPATH=/app/platform \
    PYTHONUNBUFFERED=1 \
    NUMBA_CACHE_DIR=/app/compiled

# dbt's manifest and the scanner's machine code are made here, so that a container starts in seconds.
RUN python -c "from resources.dbt import manifest_path; manifest_path()" && python -m events.prepare

EXPOSE 3000 4000
CMD ["dagster", "api", "grpc", "-h", "0.0.0.0", "-p", "4000", "-m", "definitions", "-d", "platform"]
