// Package event holds the three forms of a log event.
//
// Left of the buffer an event is a row of a [Batch]: the line as read and its
// fields as spans of one arena, cheap to change and with no pointer for the
// garbage collector to follow. At the end of ingest it becomes a [Doc], the
// JSON object that destinations receive; it is encoded there, once, and never
// again. The buffer, search, replay and every output see only documents, and
// they see them in a [Block]: a run of documents, wrapped for one output,
// compressed once, with an index row for each.
package event
