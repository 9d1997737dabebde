package elasticsearch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/renthub/sluice/outputs"
)

// result is what a bulk answer says of the documents.
type result struct {
	failed       []outputs.Failure // in order of Index
	throttled    int               // how many of them with 429
	duplicates   int               // were there already
	failureStore int               // went to the failure store
}

// item is what is said of one document.
type item struct {
	Status       int        `json:"status"`
	FailureStore string     `json:"failure_store"`
	Error        *itemError `json:"error"`
}

type itemError struct {
	Type     string     `json:"type"`
	Reason   string     `json:"reason"`
	CausedBy *itemError `json:"caused_by"`
}

func (e *itemError) text() string {
	if e.CausedBy != nil && e.CausedBy.Reason != "" {
		return e.Reason + ": " + e.CausedBy.Reason
	}
	return e.Reason
}

var errAnswer = errors.New("the answer does not say what became of each document")

// readResult reads the answer to a bulk request of count documents. An error
// means that nothing is known of any of them.
func (o *Output) readResult(body io.Reader, count int) (result, error) {
	head := make([]byte, 64+len(createdItem+",")*count)
	n, whole, err := fill(head, body)
	switch {
	case err != nil:
		return result{}, err
	case whole && allCreated(head[:n], count):
		return result{}, nil
	}
	// A refused document has its reason. More than this is no answer.
	rest := io.LimitReader(body, 1<<20+int64(count)*4<<10)
	return o.decode(io.MultiReader(bytes.NewReader(head[:n]), rest), count)
}

// fill reads until buf is full or r ends, which whole tells.
func fill(buf []byte, r io.Reader) (n int, whole bool, err error) {
	for n < len(buf) {
		k, err := r.Read(buf[n:])
		n += k
		if err == io.EOF {
			return n, true, nil
		}
		if err != nil {
			return n, false, err
		}
	}
	return n, false, nil
}

const (
	createdHead = `{"errors":false,"items":[`
	createdItem = `{"create":{"status":201}}`
	createdTail = `]}`
)

// allCreated reports whether body says, in just the form that servers use, that
// all documents were stored. It is read before the decoder, which costs as much
// as all the rest of a request.
func allCreated(body []byte, count int) bool {
	rest, ok := bytes.CutPrefix(body, []byte(createdHead))
	if !ok || len(rest) != count*(len(createdItem)+1)-1+len(createdTail) {
		return false
	}
	for i := range count {
		if i > 0 {
			if rest[0] != ',' {
				return false
			}
			rest = rest[1:]
		}
		if rest, ok = bytes.CutPrefix(rest, []byte(createdItem)); !ok {
			return false
		}
	}
	return string(rest) == createdTail
}

// decode reads an answer piece by piece: what it holds of it is one item and
// the failures.
func (o *Output) decode(r io.Reader, count int) (result, error) {
	var res result
	dec := json.NewDecoder(r)
	if err := expect(dec, json.Delim('{')); err != nil {
		return res, err
	}
	seenItems, seenErrors := false, false
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return res, err
		}
		switch {
		case key == "items" && !seenItems:
			seenItems = true
			err = o.decodeItems(dec, count, &res)
		case key == "errors" && !seenErrors:
			seenErrors = true
			var ignored bool // the items say it better
			err = dec.Decode(&ignored)
		case key == "items" || key == "errors":
			err = errAnswer
		default:
			var ignored json.RawMessage
			err = dec.Decode(&ignored)
		}
		if err != nil {
			return res, err
		}
	}
	if err := expect(dec, json.Delim('}')); err != nil {
		return res, err
	}
	if _, err := dec.Token(); err != io.EOF || !seenItems || !seenErrors {
		return res, errAnswer
	}
	return res, nil
}

func (o *Output) decodeItems(dec *json.Decoder, count int, res *result) error {
	if err := expect(dec, json.Delim('[')); err != nil {
		return err
	}
	n := 0
	for ; dec.More(); n++ {
		var entry map[string]item
		if err := dec.Decode(&entry); err != nil {
			return err
		}
		it, ok := entry["create"]
		if !ok || len(entry) != 1 || n >= count {
			return errAnswer
		}
		if err := o.judge(n, it, res); err != nil {
			return err
		}
	}
	if n != count {
		return fmt.Errorf("%w: %d items for %d documents", errAnswer, n, count)
	}
	return expect(dec, json.Delim(']'))
}

func expect(dec *json.Decoder, want json.Delim) error {
	token, err := dec.Token()
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	if err == nil && token != want {
		return errAnswer
	}
	return err
}
