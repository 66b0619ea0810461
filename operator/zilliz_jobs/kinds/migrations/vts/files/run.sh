#!/bin/bash
# Runs the engine once and says how it ended.
#
# It is process 1 of the container: a SIGTERM goes on to java. What java prints stays in /tmp, since an error may quote
# a row or an address; only the lines of progress and end go to the log. The verdict goes into the termination message.
set -u

engine=${SEATUNNEL_HOME:-/opt/seatunnel}
told=${VTS_CONFIG:-/etc/vts}
verdict=${TERMINATION_LOG:-/dev/termination-log}
work=${VTS_WORK:-/tmp}
log=$work/vts.log
memory=${VTS_MEMORY_MIB:-2048}
end='Job \([0-9]+\) end with state [A-Z_]+'
progress="$end"'|(Read|Write) Count So Far +: +[0-9]+|Total (Read|Write|Failed) Count +: +[0-9]+'

terminated=0 java=
give_up() {
    terminated=1
    [ -n "$java" ] && kill -TERM "$java" 2>/dev/null
}
trap give_up TERM INT
: >"$log"

java "-Xms$((memory / 8))m" "-Xmx$((memory * 2 / 3))m" -XX:+ExitOnOutOfMemoryError -XX:MaxMetaspaceSize=320m \
    "-Dseatunnel.config=$told/seatunnel.yaml" "-Dhazelcast.config=$told/hazelcast.yaml" \
    "-Dhazelcast.client.config=$engine/config/hazelcast-client.yaml" -Dhazelcast.logging.type=log4j2 \
    "-Dlog4j2.configurationFile=$told/log4j2.properties" "-Djava.io.tmpdir=$work" \
    -cp "$engine/lib/*:$engine/starter/seatunnel-starter.jar" \
    org.apache.seatunnel.core.starter.seatunnel.SeaTunnelClient --config "$told/job.json" -m local \
    >"$log" 2>&1 &
java=$!
[ "$terminated" = 1 ] && kill -TERM "$java" 2>/dev/null

(tail -n +1 -F --pid="$java" "$log" 2>/dev/null | grep --line-buffered -aoE "$progress") &
shown=$!

# `wait` ends early at each signal; asked once more after the process has gone, it gives java's own exit code.
while kill -0 "$java" 2>/dev/null; do wait "$java"; done
wait "$java"
exit_code=$?
wait "$shown" 2>/dev/null

newest() { grep -aoE "$1" "$log" | tail -n 1 | grep -oE "$2"; }
state=$(newest "$end" '[A-Z_]+$')
state=${state:-NONE}
read_rows=$(newest 'Total Read Count +: +[0-9]+' '[0-9]+$')
written_rows=$(newest 'Total Write Count +: +[0-9]+' '[0-9]+$')
word='[A-Za-z_]+(-[A-Za-z_]+)*-[0-9]+'
code=$(newest "ErrorCode:\\[$word\\]" "$word")

printf '{"state":"%s","exit":%d,"terminated":%d,"read":%s,"written":%s,"code":"%s"}' \
    "$state" "$exit_code" "$terminated" "${read_rows:-null}" "${written_rows:-null}" "$code" >"$verdict"

# Only a job that ended by itself, with each row that it read written, is a success: a cancelled one exits with 0 too.
if [ "$exit_code" = 0 ] && [ "$state" = FINISHED ] && [ -n "$read_rows" ] && [ "$read_rows" = "$written_rows" ]; then
    exit 0
fi
[ "$terminated" = 1 ] && exit 143
[ "$exit_code" = 0 ] && exit 1
exit "$exit_code"
