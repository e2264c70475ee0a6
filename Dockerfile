# The platform in one image; the command chooses the process (see docker-compose.yml).
FROM python:3.13-slim AS packages
COPY requirements.lock /tmp/requirements.lock
RUN python -m venv /opt/lxp \
    && /opt/lxp/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: \
       --requirement /tmp/requirements.lock

FROM python:3.13-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin lxp \
    && install --directory --owner=lxp --group=lxp /var/lib/lxp
COPY --from=packages /opt/lxp /opt/lxp
ENV PATH=/opt/lxp/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    LXP_VAR=/var/lib/lxp
WORKDIR /srv/lxp
COPY . .
RUN python -m compileall -q .
USER lxp
# This key signs nothing: it only lets the settings load.
RUN SECRET_KEY=only-to-collect-static-files python manage.py collectstatic --noinput --verbosity=0
EXPOSE 8000 8001
CMD ["granian", "--interface", "wsgi", "--workers", "2", "--blocking-threads", "1", "--no-ws", \
     "--respawn-failed-workers", "--host", "0.0.0.0", "--port", "8000", "lxp.wsgi:application"]
