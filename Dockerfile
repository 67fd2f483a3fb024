# The service on the CPU: docker build -t allinone . (docs/service.md has the rest)
FROM python:3.12-slim AS build
WORKDIR /kit
COPY pyproject.toml README.md LICENSE ./
COPY allinone allinone
COPY models models
RUN python -m venv /opt/allinone \
    && /opt/allinone/bin/pip install --no-cache-dir ".[onnx,serve]"

FROM python:3.12-slim
COPY --from=build /opt/allinone /opt/allinone
RUN useradd --system --uid 10001 --no-create-home allinone \
    && mkdir /people \
    && chown allinone /people
USER allinone
ENV PATH=/opt/allinone/bin:$PATH OPENBLAS_NUM_THREADS=1 PYTHONUNBUFFERED=1
VOLUME /people
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python", "-c", \
    "import urllib.request as web; web.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
# ALLINONE_TOKEN must be in the environment: it listens for other machines.
ENTRYPOINT ["allinone", "serve", "--host", "0.0.0.0", "--people", "/people/faces"]
