package splunk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"

	"github.com/renthub/sluice/outputs"
)

var errCount = errors.New("the request does not hold the documents that it should")

// unwrap returns the body of a request as it was before compression.
func unwrap(r *outputs.Request) ([]byte, error) {
	parts := make([]io.Reader, len(r.Body))
	for i, p := range r.Body {
		parts[i] = bytes.NewReader(p)
	}
	z, err := gzip.NewReader(io.MultiReader(parts...))
	if err != nil {
		return nil, fmt.Errorf("inflate request: %w", err)
	}
	raw := make([]byte, 0, r.Size+bytes.MinRead)
	b := bytes.NewBuffer(raw)
	if _, err := b.ReadFrom(io.LimitReader(z, int64(r.Size)+1)); err != nil {
		return nil, fmt.Errorf("inflate request: %w", err)
	}
	if b.Len() != r.Size {
		return nil, errCount
	}
	return b.Bytes(), nil
}

// indexesOf reads the index of each document of a request; "" is the token's
// default. Requests hold no list of their documents, and this is needed only
// when one was refused.
func indexesOf(r *outputs.Request) ([]string, error) {
	raw, err := unwrap(r)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	list := make([]string, 0, r.Count)
	for {
		var e struct {
			Index string          `json:"index"`
			Event json.RawMessage `json:"event"`
		}
		err := d.Decode(&e)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read envelope: %w", err)
		}
		list = append(list, e.Index)
	}
	if len(list) != r.Count {
		return nil, errCount
	}
	return list, nil
}
