package bench

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// bulkForm is Elasticsearch's bulk endpoint: pairs of an action's line and a
// document's.
type bulkForm struct{ gzipBodies }

func (*bulkForm) service(s *sink) service {
	return httpService(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("X-Elastic-Product", "Elasticsearch")
		switch {
		case strings.HasSuffix(r.URL.Path, "/_bulk"):
			if docs, ok := s.take(w, r, countPairs); ok {
				answerBulk(w, docs)
			}
		case r.URL.Path == "/":
			io.WriteString(w, `{"name":"sink","cluster_name":"bench","cluster_uuid":"benchbenchbenchbenchbe",`+
				`"version":{"number":"8.19.7","build_flavor":"default"},"tagline":"You Know, for Search"}`)
		default:
			io.WriteString(w, `{"acknowledged":true}`)
		}
	}))
}

// countPairs returns how many documents are in a body: every second line.
func countPairs(raw []byte) (int, error) {
	lines := bytes.Count(raw, []byte{'\n'})
	if lines == 0 || lines%2 != 0 || raw[len(raw)-1] != '\n' {
		return 0, errors.New("a body must be pairs of lines, the last one ended")
	}
	return lines / 2, nil
}

// answerBulk says of each document that it was stored, in just the form in
// which a server answers a request that asks for the status of its items.
func answerBulk(w http.ResponseWriter, docs int) {
	const head, item, tail = `{"errors":false,"items":[`, `{"create":{"status":201}}`, `]}`
	var out bytes.Buffer
	out.Grow(len(head) + docs*(len(item)+1) + len(tail))
	out.WriteString(head)
	for i := range docs {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString(item)
	}
	out.WriteString(tail)
	w.Header().Set("Content-Length", strconv.Itoa(out.Len()))
	w.Write(out.Bytes())
}

var errNoAction = errors.New("the line before a document is no create action")

func (*bulkForm) documents(raw []byte, add func(doc []byte)) error {
	for len(raw) > 0 {
		action, rest, _ := bytes.Cut(raw, []byte{'\n'})
		doc, rest, ended := bytes.Cut(rest, []byte{'\n'})
		if !ended {
			return errors.New("a document's line does not end")
		}
		if !bytes.HasPrefix(action, []byte(`{"create":`)) {
			return fmt.Errorf("%w: %.80s", errNoAction, action)
		}
		add(doc)
		raw = rest
	}
	return nil
}
