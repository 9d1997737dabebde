package bench

import (
	"bytes"
	"errors"
	"net/http"
)

// linesForm is an HTTP endpoint that takes a document on each line.
type linesForm struct{ gzipBodies }

func (*linesForm) service(s *sink) service {
	return httpService(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.take(w, r, func(raw []byte) (int, error) { return bytes.Count(raw, []byte{'\n'}), nil })
	}))
}

func (*linesForm) documents(raw []byte, add func(doc []byte)) error {
	for line := range bytes.Lines(raw) {
		doc, ended := bytes.CutSuffix(line, []byte{'\n'})
		if !ended {
			return errors.New("the last line does not end")
		}
		add(doc)
	}
	return nil
}
