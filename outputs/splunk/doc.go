// Package splunk sends documents to Splunk's HTTP Event Collector (HEC).
//
// # The request
//
// A request is POST /services/collector/event, always gzip, with an envelope
// for each document, one behind the other:
//
//	{"sourcetype":"_json","index":"rh_audit","host":"web-1","source":"/var/log/a.log","fields":{"service.name":"bookings","sluice_id":"Zm9vYmFyYmE-1048576-575"},"time":1791048401.679,"event":{"@timestamp":"...","message":"...",...}}
//
// An envelope has these keys and no other: at an unknown one Splunk answers 200
// and drops what follows. time is a plain decimal of seconds, since Splunk 10
// refuses the scientific form. fields are flat strings.
//
// # The answer
//
// {"text":"Success","code":0}. The code says what became of the request, not
// the status; code.go has the table. Codes 6, 12, 13 and 15 name the object
// that is at fault: those before it are stored, those behind it are not. Code 7
// is an index that the token may not write to, and names the object after the
// bad one. Whether those before it are stored is not known: they are sent
// again. An answer that is no JSON with a code says nothing.
//
// # Acknowledgement
//
// A 200 alone means that the request looked valid. With useACK on the token
// the answer has an ackId, and POST /services/collector/ack tells whether it is
// indexed. "true" is told once. Ids count from 0 for each channel, and again
// from 0 after a restart of the indexer: so a channel of ours never has more
// than one id that is waited for, and one whose id was not acknowledged is
// never used again. Else the "true" for a later request could be taken for an
// earlier one that was lost.
//
// A request waits for as long as ack_timeout, and holds its place and its
// compressed bytes meanwhile; others are sent. So an indexer that takes 1.5
// seconds gets at most (in_flight + unacked) x max_request_size in that time,
// 24 MB in a second by default; more with a larger unacked. Several indexers stand in
// endpoints one by one, since only the one that took a request knows its id. A
// balancer before them must be sticky; its cookies are kept. After an indexer
// was down what it has not acknowledged is sent again soon.
//
// # Indexes and retention
//
//	output "splunk" "main" {
//	  endpoints = ["https://splunk-1:8088", "https://splunk-2:8088"]
//	  token     = file("/run/secrets/hec_token")
//	  ca_file   = "/etc/ssl/splunk-ca.pem"
//	  index     = "rh_${retention.class}"
//	  indexes   = { audit = "evidence" } # before index is asked
//	}
//
// The indexes must be there, and on the token's list. What comes from events is
// confined to lower-case letters, digits and underscores in an index's name. An
// index that is refused (code 7) is held back alone: its documents wait on disk
// while the others go on.
//
// How long an index keeps is its own setting (frozenTimePeriodInSecs in
// indexes.conf), which HEC neither shows nor changes: sluice retention plan
// says what to set for each class.
//
// # What can be lost, repeated or changed
//
// Lost: without acknowledgement, what an indexer loses after it has answered.
//
// Repeated: HEC knows no ids, so what is sent again is stored twice if it was
// stored before. That can be after an answer that did not come or was unclear
// (a request that was cut, a 500, a gateway's error), when acknowledgement did
// not come in time, at a refused index what went with it in one request, and
// after a kill of the agent what it had sent and not noted yet. The first three
// are counted. The field sluice_id tells repeats: ... | dedup sluice_id.
//
// Changed: a document of more than max_event_size loses the ends of its longest
// texts and gets the mark sluice.cut_from_bytes, or becomes a dead letter.
// Splunk itself cuts events at the sourcetype's TRUNCATE, 10,000 bytes unless
// props.conf says more. A document that Splunk refuses for itself (codes 6, 12,
// 13, 15) becomes a dead letter. Values of more than 1 KiB, objects and lists
// are in the event alone, not among host, source and the indexed fields; a time
// before 1970 is left to Splunk.
//
// Sources: Splunk's table of codes, and runs by others against Splunk
// Enterprise 10.4 and Splunk Cloud 10.5. That a server stores nothing of a
// request with a bad document, as one older report has it, is what
// resend_prefix is for.
package splunk
