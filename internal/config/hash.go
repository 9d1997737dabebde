package config

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// summer makes the hash of a block's effective settings: what var, local,
// env() and file() stood for, not how it was written. It is the same in every
// run, since the buffer keeps the routes' hash. Secrets are in it, so it is
// never shown.
type summer struct{ h hash.Hash }

func newSummer() *summer { return &summer{sha256.New()} }

func (s *summer) part(tag byte, text string) {
	var head [9]byte
	head[0] = tag
	binary.LittleEndian.PutUint64(head[1:], uint64(len(text)))
	s.h.Write(head[:])
	s.h.Write([]byte(text))
}

// name adds the name of the setting whose value comes next.
func (s *summer) name(name string) { s.part('n', name) }

// text adds an expression over events in its canonical form.
func (s *summer) text(text string) { s.part('t', text) }

// value adds a known value.
func (s *summer) value(v cty.Value) {
	src, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		src = []byte(v.GoString())
	}
	s.part('v', string(src))
}

// sum is the hash so far.
func (s *summer) sum() uint64 { return binary.LittleEndian.Uint64(s.h.Sum(nil)) }
