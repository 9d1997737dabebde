package hecsim

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"unicode/utf8"
)

// decimal is the only form of time that Splunk 10 takes.
var decimal = regexp.MustCompile(`^"?[0-9]+(\.[0-9]+)?"?$`)

// object reads one object: it returns the code of what is wrong with it, and
// whether it ends the request although that is a success.
func (s *Server) object(raw []byte, t Token) (o Object, code int, last bool) {
	var members map[string]json.RawMessage
	if raw[0] != '{' || json.Unmarshal(raw, &members) != nil || !utf8.Valid(raw) {
		return o, 6, false
	}
	texts := map[string]*string{"host": &o.Host, "source": &o.Source, "sourcetype": &o.Sourcetype, "index": &o.Index}
	for k, v := range members {
		into, known := texts[k]
		switch {
		case known:
			if json.Unmarshal(v, into) != nil {
				return o, 6, false
			}
		case k == "time":
			if !decimal.Match(v) {
				return o, 15, false
			}
			o.Time = string(v)
		case k == "fields":
			if o.Fields, known = flat(v); !known {
				return o, 15, false
			}
		case k != "event":
			return o, 0, true
		}
	}
	if code := s.event(members["event"], &o); code != 0 {
		return o, code, false
	}
	if o.Index == "" {
		o.Index = t.Default
	}
	if o.Index == "" {
		o.Index = "main"
	}
	if len(t.Indexes) > 0 && !slices.Contains(t.Indexes, o.Index) {
		return o, 7, false
	}
	return o, 0, false
}

// event checks the member of that name.
func (s *Server) event(v json.RawMessage, o *Object) (code int) {
	switch {
	case v == nil:
		return 12
	case string(v) == "null", v[0] == '"' && len(bytes.Trim(v, "\" \t")) == 0:
		return 13
	case len(v) > s.options.MaxEvent:
		return 6
	}
	o.Event = string(v)
	return 0
}

// flat reads fields, whose values are strings or lists of strings.
func flat(raw []byte) (map[string]string, bool) {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return nil, false
	}
	out := map[string]string{}
	for k, v := range members {
		var text string
		var list []string
		switch {
		case v[0] == '"' && json.Unmarshal(v, &text) == nil:
			out[k] = text
		case v[0] == '[' && json.Unmarshal(v, &list) == nil:
			out[k] = string(v)
		default:
			return nil, false
		}
	}
	return out, true
}
