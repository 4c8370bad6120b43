# Both stages are the same Debian and Python, so that what is installed in one fits the other.
FROM python:3.13-slim AS build
COPY requirements.txt /
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r /requirements.txt

FROM python:3.13-slim
COPY --from=build /venv /venv
COPY function /app/function
WORKDIR /app
USER 65532
EXPOSE 9443 8080
ENTRYPOINT ["/venv/bin/python", "-m", "function.main"]
