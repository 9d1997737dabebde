// Package elasticsearch sends documents to Elasticsearch's _bulk API, into data
// streams, each under an id made from its position, so that what is sent twice
// is stored once.
//
// # The request
//
// A request is POST /_bulk with two lines for each document:
//
//	{"create":{"_index":"logs-bookings-audit","_id":"Zm9vYmFyYmE-1048576-575"}}
//	{"@timestamp":"2026-11-24T10:00:00.123Z","message":"...",...}
//
// The id is the source's generation in base64url, the offset of the record's
// first byte, its size, and ".N" for the Nth document of one record. Data
// streams take no other operation than create. Where all documents go to one
// stream its name stands in the URL, not in the lines. The body is always gzip.
//
// # The answer
//
// A 2xx says nothing by itself: {"errors":...,"items":[...]} has an item for
// each document, in order, and a document counts as taken only if its own item
// says so (201, or 409 for an id that is there already). An answer with fewer
// items, more items, or one that is cut short says nothing about any document,
// and all are sent again. Documents are judged by status, since the names of
// errors vary between versions; classify.go has the table.
//
// # Before the first request
//
// The product is checked by a request of its own, since a check of the first
// bulk answer would throw away the news that its documents are stored. Then,
// unless bootstrap is "never", an index template is put for each retention
// class that no template covers; bootstrap.go. Optional parameters of _bulk
// are sent until a server refuses one: such a refusal stores nothing.
//
// # Retention
//
// By default a template has a data stream lifecycle of its class's time. With
// lifecycle = "ilm" it names a policy of index lifecycle management instead,
// which is made too where it is missing, and changed by `sluice retention
// apply` alone.
//
// # Plain indices
//
// With index instead of data_stream documents go to indices, whose names
// should have a date:
//
//	index = "app-${retention.class}-${format_time("2006.01.02", timestamp)}"
//
// They are deleted by an ILM policy, counted from when they were made. An id is
// unique in its index: the date of an event does not change, so that a repeat
// meets the same one, at any time.
//
// # Elsewhere
//
// cloud_id stands for the endpoints of a deployment in Elastic Cloud. An aws
// block signs requests for Amazon OpenSearch Service (signature version 4) with
// the credentials that every AWS SDK finds; product is "any" then. A collection
// of OpenSearch Serverless for time series takes no ids: document_id = false.
//
// # Limits of the promise
//
// An id is unique in one backing index only. What is sent before a rollover and
// again after it is stored twice.
package elasticsearch
