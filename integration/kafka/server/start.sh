#!/usr/bin/env bash
# Usage: start.sh DATA_DIR BASE_PORT
# Starts a one-node Kafka (KRaft: broker and controller in one process) on 127.0.0.1:
#   BASE_PORT    PLAINTEXT
#   BASE_PORT+1  SASL_PLAINTEXT (SCRAM-SHA-512, SCRAM-SHA-256, PLAIN)
#   BASE_PORT+2  SSL (server certificate only)
#   BASE_PORT+3  SASL_SSL (SCRAM-SHA-512, SCRAM-SHA-256, PLAIN)
#   BASE_PORT+4  SSL with a required client certificate (mTLS)
#   BASE_PORT+9  controller
# User "sluice", password "sluice-secret" (SCRAM and PLAIN).
# Certificates: DATA_DIR/tls/ca.pem, client.pem, client.key.  Stop with: kill $(cat DATA_DIR/pid)
# Environment: KAFKA_LIB (folder for the jars, default DATA_DIR/../kafka-lib), KAFKA_HEAP (default 256m),
#   KAFKA_PORT (instead of BASE_PORT), KAFKA_TLS (folder for the certificates, default DATA_DIR/tls), KAFKA_PROPS (extra lines for server.properties), JAVA_BIN (default java; needs Java 17 or newer)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
data=${1:?data dir}; p=${KAFKA_PORT:-${2:?base port}}
mkdir -p "$data"; data=$(cd "$data" && pwd)
lib=${KAFKA_LIB:-$(dirname "$data")/kafka-lib}; heap=${KAFKA_HEAP:-256m}; java=${JAVA_BIN:-java}
user=sluice; password=sluice-secret

if ! ls "$lib"/kafka_2.13-*.jar >/dev/null 2>&1; then
  mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$lib" >&2
fi

# --- certificates: a CA, a server certificate for localhost/127.0.0.1, a client certificate (PEM, no keytool)
tls=${KAFKA_TLS:-$data/tls}
if [ ! -s "$tls/server.pem" ]; then
  mkdir -p "$tls"; cd "$tls"
  openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=sluice-it-ca -keyout ca.key -out ca.pem 2>/dev/null
  for n in server client; do
    openssl req -newkey rsa:2048 -nodes -subj "/CN=$n" -keyout $n.key -out $n.csr 2>/dev/null
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n' > ext
    openssl x509 -req -in $n.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 3650 -extfile ext -out $n.pem 2>/dev/null
  done
  cat server.key server.pem > server-keystore.pem
fi

cfg=$data/server.properties
jaas_plain="org.apache.kafka.common.security.plain.PlainLoginModule required user_$user=\"$password\";"
jaas_scram="org.apache.kafka.common.security.scram.ScramLoginModule required;"
{
cat <<PROPS
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$((p+9))
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:$p,SASLPLAIN://127.0.0.1:$((p+1)),SSL://127.0.0.1:$((p+2)),SASLSSL://127.0.0.1:$((p+3)),MTLS://127.0.0.1:$((p+4)),CONTROLLER://127.0.0.1:$((p+9))
advertised.listeners=PLAINTEXT://127.0.0.1:$p,SASLPLAIN://127.0.0.1:$((p+1)),SSL://127.0.0.1:$((p+2)),SASLSSL://127.0.0.1:$((p+3)),MTLS://127.0.0.1:$((p+4))
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASLPLAIN:SASL_PLAINTEXT,SSL:SSL,SASLSSL:SASL_SSL,MTLS:SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
ssl.keystore.type=PEM
ssl.keystore.location=$tls/server-keystore.pem
ssl.truststore.type=PEM
ssl.truststore.location=$tls/ca.pem
listener.name.mtls.ssl.client.auth=required
log.dirs=$data/logs
num.partitions=3
auto.create.topics.enable=true
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
num.network.threads=1
num.io.threads=2
num.recovery.threads.per.data.dir=1
background.threads=2
log.cleaner.dedupe.buffer.size=2097152
log.cleaner.threads=1
log.segment.bytes=67108864
log.index.size.max.bytes=1048576
PROPS
for l in saslplain saslssl; do
  echo "listener.name.$l.sasl.enabled.mechanisms=SCRAM-SHA-512,SCRAM-SHA-256,PLAIN"
  echo "listener.name.$l.plain.sasl.jaas.config=$jaas_plain"
  echo "listener.name.$l.scram-sha-512.sasl.jaas.config=$jaas_scram"
  echo "listener.name.$l.scram-sha-256.sasl.jaas.config=$jaas_scram"
done
printf '%s\n' "${KAFKA_PROPS:-}"
} > "$cfg"

# log4j2 comes with the jars, but no configuration does: without this nothing is logged
cat > "$data/log4j2.properties" <<LOG
status=error
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%d %p %c{1}: %m%n
rootLogger.level=warn
rootLogger.appenderRef.out.ref=out
logger.kafka.name=kafka.server
logger.kafka.level=info
LOG

cd "$data"
opts=(-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto -Dlog4j2.configurationFile="$data/log4j2.properties")
if [ ! -s "$data/logs/meta.properties" ]; then
  "$java" "${opts[@]}" -Xmx128m -cp "$lib/*" kafka.tools.StorageTool format --ignore-formatted \
    --cluster-id "$(head -c16 /dev/urandom | base64 | tr '+/' 'ab' | tr -d '=')" --config "$cfg" \
    --add-scram "SCRAM-SHA-512=[name=$user,password=$password]" \
    --add-scram "SCRAM-SHA-256=[name=$user,password=$password]" > "$data/format.log" 2>&1 || { cat "$data/format.log" >&2; exit 1; }
fi
"$java" "${opts[@]}" -Xms64m -Xmx"$heap" -XX:MaxDirectMemorySize=64m -cp "$lib/*" kafka.Kafka "$cfg" > "$data/stdout.log" 2>&1 < /dev/null &
pid=$!; echo $pid > "$data/pid"
for _ in $(seq 1 300); do
  if grep -q 'Kafka Server started' "$data/stdout.log"; then echo "ready 127.0.0.1:$p pid $pid"; exit 0; fi
  kill -0 $pid 2>/dev/null || { echo "kafka ended early" >&2; tail -20 "$data/stdout.log" >&2; exit 1; }
  sleep 0.3
done
echo "kafka not ready in 90 s" >&2; exit 1
