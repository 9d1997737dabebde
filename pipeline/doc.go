// Package pipeline is the straight path of a log line: ingest.go is its left
// half, from an input's batches to records in the buffer; deliver.go its right
// half, from the buffer to one output. Retry, throttling, dead letters,
// metrics and acknowledgement live here, once, and in no component.
package pipeline
