package lumberjack

import (
	"bytes"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/jsonscan"
)

// metadata is what is put into documents for Logstash's eyes alone.
type metadata struct{ head []byte } // up to the id; immutable

func newMetadata(beat, version string) metadata {
	head := jsonscan.AppendString([]byte(`"@metadata":{"beat":`), []byte(beat))
	head = append(head, `,"type":"_doc","version":`...)
	head = jsonscan.AppendString(head, []byte(version))
	return metadata{append(head, `,"_id":"`...)}
}

// append appends d's document with @metadata as its last member. A member of
// that name that a log line brought stands before it, and of two equal keys
// the last one counts: no line can choose its own id.
func (m metadata) append(dst []byte, d *event.Doc) []byte {
	json := bytes.TrimRight(d.JSON, " \t\r\n")
	if len(json) < 2 || json[len(json)-1] != '}' { // no object: Logstash is to say what it makes of it
		return append(dst, d.JSON...)
	}
	json = bytes.TrimRight(json[:len(json)-1], " \t\r\n")
	dst = append(dst, json...)
	if json[len(json)-1] != '{' {
		dst = append(dst, ',')
	}
	dst = append(dst, m.head...)
	dst = d.ID.Append(dst)
	return append(dst, `"}}`...)
}
