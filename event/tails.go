package event

import "github.com/renthub/sluice/internal/jsonscan"

// tails are the constants of a source as every document of it ends, encoded
// once for each retention class: `,"host.name":"web-1",...}`. Only who holds
// a batch of the source touches them.
type tails struct {
	of      *string  // the first name of the classes that it was made for
	mask    uint64   // keyBit of each constant's key
	byClass []string // "" where not made yet
}

// keyBit hashes a key to one of 64 bits. Two keys of different bits are
// different; it spares most comparisons.
func keyBit(key []byte) uint64 {
	n := len(key)
	if n == 0 {
		return 1
	}
	return 1 << ((uint(n)*7 + uint(key[n-1])*3 + uint(key[n/2])) & 63)
}

// retentionKey is the constant that every document has besides its source's.
const retentionKey = "labels.retention"

// tail returns how a document of class ends if its row has none of the
// constant keys.
func (s *Source) tail(class uint8, names []string) string {
	t := &s.tails
	if t.of != &names[0] { // another config: its classes may have other names
		*t = tails{of: &names[0]}
	}
	for len(t.byClass) <= int(class) {
		t.byClass = append(t.byClass, "")
	}
	if t.byClass[class] == "" {
		t.mask = keyBit([]byte(retentionKey))
		for _, c := range s.Constants {
			t.mask |= keyBit([]byte(c.Key))
		}
		t.byClass[class] = string(appendTail(nil, s.Constants, names[class]))
	}
	return t.byClass[class]
}

// isConstant reports whether the source has a constant of that key.
func (s *Source) isConstant(key []byte) bool {
	for i := range s.Constants {
		if s.Constants[i].Key == string(key) {
			return true
		}
	}
	return string(key) == retentionKey
}

func appendTail(dst []byte, constants []Constant, class string) []byte {
	for _, c := range constants {
		dst = append(dst, ',')
		dst = jsonscan.AppendString(dst, []byte(c.Key))
		dst = append(dst, ':')
		dst = jsonscan.AppendString(dst, []byte(c.Value))
	}
	dst = append(dst, `,"`+retentionKey+`":`...)
	dst = jsonscan.AppendString(dst, []byte(class))
	return append(dst, '}')
}
