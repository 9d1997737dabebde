// Package expr compiles HCL expressions over events. An expression is compiled
// once, when the config is loaded, to closures over event.Record; cty is never
// evaluated for an event.
//
// Names are those of the document: message, log.level, service.name,
// labels["app.kubernetes.io/name"]. timestamp stands for @timestamp and
// retention.class for labels.retention; event["x"] reaches a key whose name
// the language has taken. var and local, and env() and file() on constants,
// are resolved at load.
//
// A field that is missing, or null, makes ==, <, <=, > and >= false and !=
// true; only the word null itself compares equal to it, so that x == null asks
// whether x is missing. A number compares with a string that reads as a
// number, and true with "true". A condition that is no boolean is false, but
// for the string "true".
package expr
