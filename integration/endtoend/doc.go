// Package endtoend runs the real binary against a real Elasticsearch: lines
// of many loggers, a server that dies under load, mapping conflicts, retention,
// and docs/elasticsearch.md by its own commands. The tests have the build tag
// integration and skip where the server cannot be had; see realserver.
package endtoend
