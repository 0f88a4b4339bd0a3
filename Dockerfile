# minikafka with the start contract of apache/kafka and confluentinc/cp-kafka, so that testcontainers' Kafka modules run it:
#   new KafkaContainer(DockerImageName.parse("minikafka").asCompatibleSubstituteFor("apache/kafka"))
# docs/reference/docker.md says more; tests/docker/ runs the scripts below without an engine.
FROM python:3.12-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends build-essential curl \
    && curl -fsSL https://sh.rustup.rs | sh -s -- -y --profile minimal
ENV PATH=/root/.cargo/bin:$PATH
WORKDIR /source
COPY Cargo.toml Cargo.lock pyproject.toml README.md LICENSE NOTICE ./
COPY rust rust
COPY python python
RUN pip wheel --no-deps --wheel-dir /wheels .

FROM python:3.12-slim-bookworm
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir /wheels/*.whl && rm -r /wheels \
    && useradd --uid 1000 --home-dir /var/lib/minikafka --create-home minikafka
# Starter scripts of testcontainers edit files there and are themselves put in place by root.
COPY --chown=minikafka docker/rootfs /
RUN chown minikafka / /etc/confluent/docker
WORKDIR /tmp
USER minikafka
VOLUME /var/lib/minikafka
EXPOSE 9092
ENTRYPOINT ["minikafka-entrypoint"]
CMD ["/etc/kafka/docker/run"]
