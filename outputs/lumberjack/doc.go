// Package lumberjack sends documents to Logstash's beats input, or to anything
// else that speaks version 2 of the Lumberjack protocol, by default on port
// 5044.
//
// # The protocol
//
// Numbers are 32 bits, big-endian. A window announces how many documents
// follow, each in a frame of its own; with compression the frames stand in
// one zlib stream:
//
//	'2' 'W' count
//	'2' 'C' length, then as zlib:   (unless compression_level is 0)
//	'2' 'J' number length document  (for each document, numbered from 1)
//
// The server acknowledges by number, and each window begins at 1 again:
//
//	'2' 'A' number
//
// A number below the window's count takes the documents up to it, and more
// will follow. 0 takes nothing: the server is alive and busy, and is waited
// for as long as it says so. Windows are acknowledged in order; up to
// pipelining of them are on the way at a time.
//
// # Connections
//
// The endpoints are host:port or tcp://host:port, and tls://host:port for TLS;
// without a scheme it is TLS once ca_file or client_cert is set. A connection
// is used for five minutes, and not for longer than its endpoint is in use.
// timeout is how long a server may neither take bytes nor say a word.
//
// # Windows
//
// A window holds at most max_window documents and 1 MiB of them. The first
// ones are small and double with each that is acknowledged, up to half of the
// size at which a connection last failed; beyond it they grow slowly. So a
// server that is too slow for large windows gets small ones, each of which is
// progress.
//
// # What can be repeated
//
// A server that dies has perhaps stored what it had not yet acknowledged. All
// of that is sent again, over another connection, to another server if there
// are several; and if the agent is killed, all that it sent in its last second.
// Each document carries where it comes from in @metadata, which
// Logstash does not store:
//
//	"@metadata": {"beat": "sluice", "type": "_doc", "version": "1.0.0", "_id": "ASNFZ4mrze8-1048576-575"}
//
// The id is the document's position, so it is the same each time, and the same
// that the elasticsearch output uses. With it Logstash stores a repeat once:
//
//	output {
//	  elasticsearch {
//	    document_id => "%{[@metadata][_id]}"
//	    action      => "create"
//	  }
//	}
//
// Logstash takes an id that is there already as an error of that document
// (409) and goes on. Without document_id repeats are stored twice.
//
// # What can be lost
//
// Nothing on the way to Logstash. It acknowledges what it has in its own queue
// however: with its queue in memory (the default) its crash loses what was
// acknowledged and not yet written. Set queue.type: persisted there.
//
// # Limits
//
// There is no answer that refuses one document. A server that breaks the
// connection whenever it sees a certain document holds up the documents of its
// request; the others go on. If that is for its length, max_document_size makes
// a dead letter of it. The field names have dots, as ECS writes them:
// Logstash knows them as [service.name], not [service][name].
package lumberjack
