// Package destinations runs the config of docs/destinations.hcl, as it is
// there, against a real Kafka broker, a real Elasticsearch, moto for CloudWatch
// Logs and VictoriaLogs behind an intake that acknowledges for Splunk. Each is
// killed in turn while writers go on, and the agent once; at the end every line
// must be everywhere. The tests have the build tag integration. LONG=1 writes
// ten times as much.
package destinations
