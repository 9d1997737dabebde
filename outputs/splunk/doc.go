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
// # Limits of the promise
//
// HEC knows no ids: what is sent again after an unclear answer can be stored
// twice. The field sluice_id tells such repeats: ... | dedup sluice_id.
//
// Sources: the tables of codes and the runs against Splunk Enterprise 10.4 and
// Splunk Cloud 10.5 that the project's protocol notes name.
package splunk
