package event

// Span is a run of bytes of a batch's arena.
type Span struct{ Off, Len uint32 }

// End is the offset behind the span's last byte.
func (s Span) End() uint32 { return s.Off + s.Len }

// Kind says how the bytes of a value are to be read.
type Kind uint8

// The kinds of a value.
const (
	Missing    Kind = iota // there is no such field
	String                 // text as it is; escaped when the document is written
	JSONString             // the inside of a JSON string, escaped already
	Number                 // a JSON number, as it stood in the line
	Bool                   // true or false
	Null                   // null
	JSON                   // a JSON object or array, as it stood in the line
)

// Field is one field of a row. Its key is a dotted path in ECS names,
// "log.level"; a key is unique within its row.
type Field struct {
	Key, Val Span
	Kind     Kind
	KeyJSON  bool // Key is the inside of a JSON string, escaped already
	Inline   bool // `"key":value` stands in the arena just so, without white space, and can be copied whole
}

// Value is a field's value outside of its batch. Text aliases the arena.
type Value struct {
	Kind Kind
	Text []byte
}

// Record is what expressions and templates read: a row or a document.
type Record interface {
	// Lookup returns the value at a dotted path ("log.level",
	// "context.user.id"), or a value of kind Missing. Text is valid until
	// the record changes; it is not copied. "timestamp" is not an alias
	// here: callers pass "@timestamp".
	Lookup(path string) Value
}
