package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// hecForm is Splunk's HTTP Event Collector: envelopes one behind the other. It
// acknowledges nothing.
type hecForm struct{ gzipBodies }

func (*hecForm) service(s *sink) service {
	return httpService(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.URL.Path == "/services/collector/event":
			mark := []byte(s.seqMark())
			if _, ok := s.take(w, r, func(raw []byte) (int, error) { return bytes.Count(raw, mark), nil }); ok {
				io.WriteString(w, `{"text":"Success","code":0}`)
			}
		case strings.HasPrefix(r.URL.Path, "/services/collector/health"):
			io.WriteString(w, `{"text":"HEC is healthy","code":17}`)
		default:
			http.NotFound(w, r)
		}
	}))
}

func (*hecForm) documents(raw []byte, add func(doc []byte)) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	for {
		var envelope struct {
			Time  json.Number     `json:"time"`
			Event json.RawMessage `json:"event"`
		}
		switch err := d.Decode(&envelope); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read an envelope: %w", err)
		case envelope.Event == nil:
			return errors.New("an envelope has no event")
		}
		add(envelope.Event)
	}
}
