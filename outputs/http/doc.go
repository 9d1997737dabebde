// Package http sends documents to any HTTP endpoint, as lines or as an array.
//
//	output "http" "collector" {
//	  endpoints = ["https://collector.example"]
//	  path      = "/v1/logs"
//	  headers   = { "X-Api-Key" = file("/run/secrets/collector_key") }
//	  status    = { poison = ["400", "422"] }
//	}
//
// # The request
//
// With format "ndjson" the body is a document on each line, each line ended by
// a line feed; with "json_array" it is one JSON array. The documents are those
// that every output gets. A request of "ndjson" with "gzip" is made of what
// the buffer holds, without being compressed again, unless another output of
// the config is what the buffer is compressed for.
//
// # The answer
//
// The status of the answer says what becomes of the whole request:
//
//   - success: all documents are taken. 2xx
//   - retry: all are sent again, with growing pauses. 408, 425, 5xx but 501
//   - throttled: the same, and what Retry-After says is waited for. 429
//   - too_large: sent again in two halves; one document alone becomes a dead letter. 413
//   - poison: the same, to find the documents that are meant. None unless you say so
//   - config: a person must act. The output is paused and keeps its documents. All others: 3xx, 4xx
//
// The setting status moves statuses from one class to another: "404", "500-599"
// and "5xx" can be written; the narrower one counts. 400 and 422 are not poison
// unless you say so, since many servers give them to every request when a
// header or the path is wrong, and a whole stream would become dead letters.
// After a poisoned request the requests are smaller until the next start.
//
// A Retry-After, in seconds or as a date, is honoured for throttled and retry,
// up to 5 minutes. No redirect is followed: it would take credentials
// elsewhere. Of an answer at most 1 MiB is read.
//
// # What can be lost or repeated
//
// An answer that cannot be read to its end, a connection that breaks, a
// timeout: each means that nothing is known, and everything is sent again. A
// server that had stored it has it twice then. So it has what was sent in the
// second before the agent was killed. HTTP has no means against that; if
// repeats hurt, use an output whose destination knows ids. A server that
// answers with success and has not stored the documents loses them.
package http
