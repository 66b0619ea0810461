# The image of the operator: `make image`, or `docker build .`; docs/image.md says what can be chosen.
# BASE needs Python 3.11 or newer as python3, with pip for the first stage.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
# The time of all files; `make image` gives that of the commit.
ARG SOURCE_DATE_EPOCH=1767225600
# The same hashes in every run: the order of a compiled set depends on them.
ENV PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
# Some bases have another user.
USER 0
WORKDIR /build

# What the lock names and nothing else: nothing is compiled, so neither stage needs a compiler.
RUN python3 -m venv --without-pip /build/tools \
 && python3 -m venv --without-pip /opt/zilliz-jobs \
 && rm -f /opt/zilliz-jobs/bin/[Aa]ctivate*
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN python3 -m pip --python tools/bin/python install --quiet --no-compile --only-binary=:all: \
      --require-hashes -r requirements/build.txt \
 && python3 -m pip --python /opt/zilliz-jobs/bin/python install --quiet --no-compile --only-binary=:all: \
      --require-hashes -r requirements/runtime.txt

COPY pyproject.toml README.md LICENSE ./
COPY operator/zilliz_jobs operator/zilliz_jobs
RUN tools/bin/hatchling build --target wheel --directory wheel \
 && python3 -m pip --python /opt/zilliz-jobs/bin/python install --quiet --no-compile --no-deps --no-index wheel/*.whl

# Compiled ahead, as nothing can be written later, but for the models of Kubernetes, of which next to none are used;
# by hash, as times differ from build to build.
RUN /opt/zilliz-jobs/bin/python -m compileall -q --invalidation-mode unchecked-hash \
      -x "/kubernetes/.*/models/" /opt/zilliz-jobs/lib \
 && mkdir -p etc \
 && { cat /etc/passwd; echo 'zilliz-jobs:x:65532:65532::/nonexistent:/usr/sbin/nologin'; } > etc/passwd \
 && { cat /etc/group; echo 'zilliz-jobs:x:65532:'; } > etc/group \
 && find etc /opt/zilliz-jobs -exec touch --no-dereference --date="@${SOURCE_DATE_EPOCH}" {} +

# Copies only: whatever the first stage was given to build with (certificates, configuration) stays there.
FROM ${BASE}
ARG BASE
ARG VERSION=0.2.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="zilliz-jobs-operator" \
      org.opencontainers.image.description="Kubernetes operator for the asynchronous data jobs of Zilliz Cloud" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${BASE}"
COPY --from=build /build/etc/passwd /build/etc/group /etc/
COPY --from=build /opt/zilliz-jobs /opt/zilliz-jobs
# USER and HOME: for clusters that choose the user id themselves, and so one that has neither name nor home.
ENV PATH=/opt/zilliz-jobs/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONSAFEPATH=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    USER=zilliz-jobs \
    HOME=/nonexistent
USER 65532:65532
WORKDIR /
ENTRYPOINT ["zilliz-jobs"]
CMD ["operator"]
