// Package realserver starts real servers for tests with the build tag
// integration: Elasticsearch, OpenSearch, Kafka and moto by the scripts in the
// server folders of integration/, and VictoriaLogs, and reads back what they
// hold. They are installed on first use into SLUICE_IT_CACHE (default
// /var/tmp/sluice-it); without bash, maven and a JDK the tests that need them
// skip.
package realserver
