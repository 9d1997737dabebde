package splunk

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/renthub/sluice/event"
	"github.com/renthub/sluice/internal/jsonscan"
	"github.com/renthub/sluice/outputs"
)

// idField is the indexed field that holds a document's id.
const idField = "sluice_id"

// maxMeta is the longest value that is sent as metadata, in bytes. A longer one
// is in the event alone.
const maxMeta = 1 << 10

// maxTime is the last moment that has a four-digit year, in milliseconds.
const maxTime = 253402300799999

// envelope is how documents are wrapped. It is immutable.
type envelope struct {
	index      *names // nil: the token's default
	sourcetype *names
	host       string
	source     string
	fields     []metaField
	inCluster  bool // one of fields is
	id         bool
}

// cluster is where the fields are that only pods have.
const cluster = "kubernetes"

// metaField is a field of the document that becomes an indexed field.
type metaField struct {
	path      string
	key       string // `"path":`
	inCluster bool   // the path begins with it
}

func newEnvelope(c Config, classes []outputs.Class, m metrics) (*envelope, error) {
	if err := c.checkClasses(classes); err != nil {
		return nil, err
	}
	e := &envelope{
		sourcetype: newNames(c.Sourcetype, nil, inSourcetype, c.MaxNames, m.overflow),
		host:       c.Host, source: c.Source, id: c.DocumentID,
	}
	if c.Index != nil || len(c.Indexes) > 0 {
		e.index = newNames(c.Index, c.Indexes, inIndex, c.MaxNames, m.overflow)
	}
	for _, path := range c.Fields {
		f := metaField{path, fmt.Sprintf("%q:", path), strings.HasPrefix(path, cluster+".")}
		e.fields, e.inCluster = append(e.fields, f), e.inCluster || f.inCluster
	}
	return e, nil
}

// append appends the envelope of d up to the document. What comes from few
// values stands first: gzip then finds it in one piece in the envelope before.
func (e *envelope) append(dst []byte, d *event.Doc) []byte {
	dst = append(dst, '{')
	if text := e.sourcetype.count(dst, d); text != "" {
		dst = appendMember(dst, `"sourcetype":`, text)
	}
	if e.index != nil {
		if text := e.index.count(dst, d); text != "" {
			dst = appendMember(dst, `"index":`, text)
		}
	}
	if e.host != "" {
		dst = appendMeta(dst, `"host":`, d.Lookup(e.host))
	}
	if e.source != "" {
		dst = appendMeta(dst, `"source":`, d.Lookup(e.source))
	}
	dst = e.appendFields(dst, d)
	if 0 <= d.Time && d.Time <= maxTime {
		dst = append(appendSeconds(append(dst, `"time":`...), d.Time), ',')
	}
	return append(dst, `"event":`...)
}

// appendSeconds appends a time in milliseconds as a plain decimal of seconds.
func appendSeconds(dst []byte, ms int64) []byte {
	dst = strconv.AppendInt(dst, ms/1000, 10)
	part := ms % 1000
	return append(dst, '.', byte('0'+part/100), byte('0'+part/10%10), byte('0'+part%10))
}

func (e *envelope) appendFields(dst []byte, d *event.Doc) []byte {
	start := len(dst)
	dst = append(dst, `"fields":{`...)
	open := len(dst)
	absent := e.inCluster && !bytes.Contains(d.JSON, []byte(cluster))
	for i := range e.fields {
		f := &e.fields[i]
		if f.inCluster && absent {
			continue // to find nothing is what takes longest
		}
		dst = appendMeta(dst, f.key, d.Lookup(f.path))
	}
	if e.id {
		dst = d.ID.Append(append(dst, `"`+idField+`":"`...))
		dst = append(dst, '"', ',')
	}
	if len(dst) == open {
		return dst[:start]
	}
	dst[len(dst)-1] = '}' // in the place of the last comma
	return append(dst, ',')
}

// appendMember appends a member whose text needs no escaping, and a comma.
func appendMember(dst []byte, key, text string) []byte {
	dst = append(append(dst, key...), '"')
	return append(append(dst, text...), '"', ',')
}

// appendMeta appends a member with a value of the document as a string, and a
// comma, or nothing if the value is none that can be metadata: these are flat.
func appendMeta(dst []byte, key string, v event.Value) []byte {
	if len(v.Text) == 0 || len(v.Text) > maxMeta {
		return dst
	}
	start := len(dst)
	dst = append(append(dst, key...), '"')
	at := len(dst)
	switch v.Kind {
	case event.String:
		dst = jsonscan.AppendEscaped(dst, v.Text)
	case event.JSONString, event.Number, event.Bool:
		dst = append(dst, v.Text...)
	}
	// The escaped length counts, so that a row and its document agree.
	if n := len(dst) - at; n == 0 || n > maxMeta {
		return dst[:start]
	}
	return append(dst, '"', ',')
}
