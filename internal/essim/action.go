package essim

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// action is an action line. Its parts alias the line where they can.
type action struct {
	op                 string
	index, id, routing []byte
}

var errAction = errors.New("malformed action/metadata line")

// parseAction reads an action line. The form that Sluice sends is read without
// allocating; all others by encoding/json.
func parseAction(line []byte) (action, error) {
	if a, ok := quickAction(line); ok {
		return a, nil
	}
	return slowAction(line)
}

func slowAction(line []byte) (action, error) {
	var ops map[string]struct {
		Index string `json:"_index"`
		ID    string `json:"_id"`
		// Newer servers refuse _routing.
		Routing string `json:"routing"`
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&ops); err != nil || len(ops) != 1 {
		return action{}, errAction
	}
	if _, err := dec.Token(); err != io.EOF {
		return action{}, errAction
	}
	for op, meta := range ops {
		return action{op, []byte(meta.Index), []byte(meta.ID), []byte(meta.Routing)}, nil
	}
	return action{}, errAction
}

// quickAction reads {"create":{"_index":"a","_id":"b"}} with either or none of
// the two.
func quickAction(line []byte) (a action, ok bool) {
	a.op = "create"
	if line, ok = bytes.CutPrefix(line, []byte(`{"create":{`)); !ok {
		return a, false
	}
	if rest, found := bytes.CutPrefix(line, []byte(`"_index":`)); found {
		if a.index, line, ok = quoted(rest); !ok {
			return a, false
		}
		if string(line) == "}}" {
			return a, true
		}
		if line, ok = bytes.CutPrefix(line, []byte(",")); !ok || !bytes.HasPrefix(line, []byte(`"_id":`)) {
			return a, false
		}
	}
	if rest, found := bytes.CutPrefix(line, []byte(`"_id":`)); found {
		if a.id, line, ok = quoted(rest); !ok {
			return a, false
		}
	}
	return a, string(line) == "}}"
}

// quoted cuts a JSON string without escapes from the front of text.
func quoted(text []byte) (inside, rest []byte, ok bool) {
	if len(text) == 0 || text[0] != '"' {
		return nil, nil, false
	}
	end := bytes.IndexByte(text[1:], '"')
	if end < 0 {
		return nil, nil, false
	}
	for _, c := range text[1 : 1+end] {
		if c < ' ' || c == '\\' || c >= 0x80 {
			return nil, nil, false
		}
	}
	return text[1 : 1+end], text[2+end:], true
}
