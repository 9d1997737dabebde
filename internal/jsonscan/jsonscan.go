// Package jsonscan validates JSON and finds values in it without allocating
// and without building anything: what it returns are offsets into, or slices
// of, the bytes that it was given.
package jsonscan

// The limits of what Object and Valid take. A record beyond them is no log
// line but an attack or an accident.
const (
	MaxDepth  = 64   // levels of nesting, the outermost counted
	MaxFields = 1000 // members of all objects of one record together
)

// Error says why bytes were refused.
type Error uint8

// The reasons.
const (
	NoError       Error = iota
	NotJSON             // not one JSON object, or value, and nothing else
	TooDeep             // nested deeper than MaxDepth
	TooManyFields       // more than MaxFields members
)

var errorTexts = [...]string{"", "not JSON", "JSON nested too deep", "JSON with too many fields"}

func (e Error) Error() string { return errorTexts[e] }

// Marks are what a scan notices on its way, so that the common case needs no
// second look.
type Marks uint8

// The marks of keys and values.
const (
	Escaped  Marks = 1 << iota // a string has a backslash
	NonASCII                   // a byte is 0x80 or above: the caller may want utf8.Valid
	Spaced                     // there is white space between tokens
	Lines                      // and among it a line end
	Doubtful                   // a key of a nested object may occur twice, is empty, or has a dot or an escape
)

// Field is one member of the outermost object, as offsets into the scanned bytes.
type Field struct {
	Key, KeyEnd int32 // inside of the key's quotes
	Val, ValEnd int32 // the value, with its quotes if it is a string
	KeyMarks    Marks
	Marks       Marks // of the value, and of the white space around the colon
}

// Object checks that b is one JSON object within the limits and appends its
// members to dst in their order. closeAt is the index of the closing brace.
// Keys that occur twice are all reported. On an error fields is dst.
func Object(dst []Field, b []byte) (fields []Field, closeAt int, err Error) {
	var s scan
	i, _ := space(b, 0)
	if i >= len(b) || b[i] != '{' {
		return dst, 0, NotJSON
	}
	fields = dst
	i++
	if i < len(b) && b[i] <= ' ' {
		i, _ = space(b, i)
	}
	if i < len(b) && b[i] == '}' {
		return fields, i, end(b, i)
	}
	for {
		if i >= len(b) || b[i] != '"' {
			return dst, 0, NotJSON
		}
		key := i + 1
		e, keyMarks := str(b, key)
		if e < 0 {
			return dst, 0, NotJSON
		}
		if s.members++; s.members > MaxFields {
			return dst, 0, TooManyFields
		}
		s.marks = 0
		if i = s.colon(b, e); i < 0 {
			return dst, 0, NotJSON
		}
		val := i
		if i = s.value(b, i, 2); i < 0 {
			return dst, 0, s.reason()
		}
		fields = append(fields, Field{int32(key), int32(e - 1), int32(val), int32(i), keyMarks, s.marks})
		if i < len(b) && b[i] <= ' ' {
			i, _ = space(b, i)
		}
		if i >= len(b) {
			return dst, 0, NotJSON
		}
		if b[i] == '}' {
			if e := end(b, i); e != NoError {
				return dst, 0, e
			}
			return fields, i, NoError
		}
		if b[i] != ',' {
			return dst, 0, NotJSON
		}
		i++
		if i < len(b) && b[i] <= ' ' {
			i, _ = space(b, i)
		}
	}
}

// Valid reports whether b is one JSON value within the limits.
func Valid(b []byte) bool {
	var s scan
	i, _ := space(b, 0)
	if i = s.value(b, i, 1); i < 0 {
		return false
	}
	i, _ = space(b, i)
	return i == len(b)
}

// Value returns the JSON value that b begins with, after white space, and
// what follows it.
func Value(b []byte) (value, rest []byte, err Error) {
	var s scan
	at, _ := space(b, 0)
	i := s.value(b, at, 1)
	if i < 0 {
		return nil, b, s.reason()
	}
	return b[at:i], b[i:], NoError
}

// end checks that nothing but white space follows the closing brace at i.
func end(b []byte, i int) Error {
	if i, _ = space(b, i+1); i != len(b) {
		return NotJSON
	}
	return NoError
}
