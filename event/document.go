package event

import "github.com/renthub/sluice/internal/jsonscan"

// Doc is one JSON object as destinations receive it.
type Doc struct {
	JSON      []byte // the bare object, without a line end
	ID        ID
	Time      int64 // event time in milliseconds since 1970
	Severity  Severity
	Retention string // name of its retention class
	row       Record // the row that it is made from; nil behind the buffer
}

// Lookup returns the value at a dotted path. While the document is being
// wrapped it asks the row; later it reads the JSON.
func (d *Doc) Lookup(path string) Value {
	if d.row != nil {
		return d.row.Lookup(path)
	}
	raw, ok := jsonscan.Get(d.JSON, path)
	if !ok {
		return Value{}
	}
	return ValueOf(raw)
}

// Written gives d its JSON, from which it is read from now on.
func (d *Doc) Written(json []byte) { d.JSON, d.row = json, nil }

// ValueOf returns raw, which must be one valid JSON value, as a Value.
func ValueOf(raw []byte) Value {
	switch raw[0] {
	case '"':
		return Value{JSONString, raw[1 : len(raw)-1]}
	case '{', '[':
		return Value{JSON, raw}
	case 't', 'f':
		return Value{Bool, raw}
	case 'n':
		return Value{Null, raw}
	}
	return Value{Number, raw}
}
